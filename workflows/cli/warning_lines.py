"""Warnings for people: a sentence, without the line of code that it comes from."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from workflows.cli.status import complain
from workflows.errors import InputWarning

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def warnings_as_sentences() -> Iterator[None]:
    """Within the block, complain of inputs that do not exist as of anything else; other warnings stay."""
    with warnings.catch_warnings():
        usual = warnings.showwarning

        def show(  # noqa: PLR0917 -- the signature is of Python
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if issubclass(category, InputWarning):
                complain(f"warning: {message}")
            else:
                usual(message, category, filename, lineno, file, line)

        warnings.showwarning = show
        yield
