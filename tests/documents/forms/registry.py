# SPDX-License-Identifier: Apache-2.0
"""The list of forms: what is written, the command that a user types, and what must come out."""

from dataclasses import dataclass, field


@dataclass
class Form:
    name: str
    study: str  # which reference the answer must equal: final, error, curves, curves32, epochs or envelope
    write: object  # write(folder, runs) puts the files there
    args: list  # after the verb; names of files are inside the folder of the form
    row: str = ""  # the kind of document in docs/documents.md
    words: list = field(default_factory=list)  # of the refusal; empty: the form is read
    then: list = field(default_factory=list)  # each a list of arguments that the refusal names, and that must succeed
    stdin: str = ""  # file given as standard input
    runs: list = field(default_factory=list)  # of a curve form: names of the runs that it holds; empty: all
    streams: list = field(default_factory=list)  # of a curve form: train, val
    needs: str = ""  # a program without which the form cannot be written
    may: str = ""  # "refuse": reading it is right, and refusing it with `words` is right too


FORMS = []


def form(name, study, args, **more):
    """Registers the function below as the writer of a form."""
    def take(write):
        if any(known.name == name for known in FORMS):
            raise ValueError(f"two forms have the name {name}")
        FORMS.append(Form(name=name, study=study, write=write, args=args, **more))
        return write
    return take


def put(folder, name, content, encoding="utf-8"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def delimited(rows, separator=",", end="\n"):
    return "".join(separator.join(row) + end for row in rows)
