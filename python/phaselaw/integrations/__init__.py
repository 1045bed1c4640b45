# SPDX-License-Identifier: Apache-2.0
"""phaselaw inside a training: its state, warnings, and the forecast of its final loss, in the logger of the training.

    from phaselaw.integrations.hugging_face import PhaselawCallback    Trainer(..., callbacks=[PhaselawCallback()])
    from phaselaw.integrations.lightning import PhaselawCallback       Trainer(callbacks=[PhaselawCallback()])
    from phaselaw.integrations import Watch                            watch(step, loss) in a loop of your own

A fault in here never reaches the training. docs/integrations.md shows examples.
"""

from phaselaw.integrations._monitor import Monitor, Report, Settings
from phaselaw.integrations._reading import Judgement, Outlook
from phaselaw.integrations.loop import Watch

__all__ = ["Judgement", "Monitor", "Outlook", "Report", "Settings", "Watch"]
