"""From text to words, the same for what is kept and for what is asked."""

import re
import unicodedata
from collections.abc import Iterable

from portal.catalogue.search.formulas import names_in_formula, names_of_common_name

__all__ = ["asked_words", "formula_words", "kept_words"]

_WORD = re.compile(r"[^\W_]+")
_KEPT, _ASKED = 1000, 8
_LETTERS = 64
_ELEMENTS_IN_NAME = 2


def kept_words(texts: Iterable[str]) -> str:
    """Return the different words of some texts in the form that is searched: plain, one space between.

    Words are runs of letters and digits without case and accents (``CeO₂_45keV`` is ceo2 and 45kev);
    beyond a thousand of them, and beyond 64 letters of one, nothing is kept. A common name as ceria
    brings the names of its formula along.
    """
    words = dict.fromkeys(word for text in texts for word in _words(text))
    named = names_of_common_name()
    words |= dict.fromkeys(name for word in words for name in named.get(word, ()))
    return " ".join(list(words)[:_KEPT])


def asked_words(text: str) -> list[str]:
    """Return the words of what a person typed, eight at most; all of them must be found."""
    return list(dict.fromkeys(_words(text[:1000])))[:_ASKED]


def formula_words(name: str, formula: str) -> list[str]:
    """Return names for what a sample is made of: by its formula, and by formulas in its name, as CeO2."""
    in_name = [word for word in re.split(r"[\W_]+", _plain(name)) if _looks_like_formula(word)]
    return [name for found in (_plain(formula), *in_name) for name in names_in_formula(found)]


def _looks_like_formula(word: str) -> bool:
    """Whether a word of a name is hardly anything else than a formula: two elements and a number."""
    n_elements = len(set(re.findall(r"[A-Z][a-z]?", word)))
    return n_elements >= _ELEMENTS_IN_NAME and any(letter.isdigit() for letter in word)


def _plain(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text)
    return "".join(part for part in parts if not unicodedata.combining(part))


def _words(text: str) -> list[str]:
    return [word[:_LETTERS] for word in _WORD.findall(_plain(text).casefold())]
