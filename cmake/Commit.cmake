# SPDX-License-Identifier: Apache-2.0
# Run at each build: writes OUTPUT with the commit of SOURCE; touches the file only when the commit changed.
execute_process(COMMAND git -C "${SOURCE}" describe --always --abbrev=12 --dirty=+ --exclude=*
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(commit "unknown")
endif()
file(CONFIGURE OUTPUT "${OUTPUT}" CONTENT "#define PHASELAW_COMMIT \"${commit}\"\n")
