# ruff: noqa: C408 - the keys are names of elements and formulas
"""Names of what a chemical formula stands for, so that "cerium oxide" and "ceria" find CeO2."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

__all__ = ["names_in_formula", "names_of_common_name"]

_ELEMENTS = """
H hydrogen He helium Li lithium Be beryllium B boron C carbon N nitrogen O oxygen F fluorine Ne neon Na sodium
Mg magnesium Al aluminium Si silicon P phosphorus S sulfur Cl chlorine Ar argon K potassium Ca calcium
Sc scandium Ti titanium V vanadium Cr chromium Mn manganese Fe iron Co cobalt Ni nickel Cu copper Zn zinc
Ga gallium Ge germanium As arsenic Se selenium Br bromine Kr krypton Rb rubidium Sr strontium Y yttrium
Zr zirconium Nb niobium Mo molybdenum Tc technetium Ru ruthenium Rh rhodium Pd palladium Ag silver Cd cadmium
In indium Sn tin Sb antimony Te tellurium I iodine Xe xenon Cs caesium Ba barium La lanthanum Ce cerium
Pr praseodymium Nd neodymium Pm promethium Sm samarium Eu europium Gd gadolinium Tb terbium Dy dysprosium
Ho holmium Er erbium Tm thulium Yb ytterbium Lu lutetium Hf hafnium Ta tantalum W tungsten Re rhenium
Os osmium Ir iridium Pt platinum Au gold Hg mercury Tl thallium Pb lead Bi bismuth Po polonium At astatine
Rn radon Fr francium Ra radium Ac actinium Th thorium Pa protactinium U uranium Np neptunium Pu plutonium
Am americium Cm curium
"""
_NAMES = dict(zip(_ELEMENTS.split()[::2], _ELEMENTS.split()[1::2], strict=True))
# The other spelling.
_ALSO = {"Al": "aluminum", "S": "sulphur", "Cs": "cesium"}
# What an element is called where it follows another one.
_ANIONS = dict(
    O="oxide", N="nitride", C="carbide", B="boride", F="fluoride", Cl="chloride", Br="bromide", I="iodide",
    S="sulfide sulphide", Se="selenide", Te="telluride", P="phosphide", As="arsenide", Si="silicide",
    H="hydride",
)  # fmt: skip
_GROUPS = dict(CO3="carbonate", PO4="phosphate", SO4="sulfate sulphate", NO3="nitrate", OH="hydroxide")
_COMMON_NAMES = dict(
    CeO2="ceria", Al2O3="alumina corundum", SiO2="silica quartz", TiO2="titania", ZrO2="zirconia",
    MgO="magnesia", Y2O3="yttria", Fe2O3="hematite", Fe3O4="magnetite", Cr2O3="chromia", NaCl="halite",
    CaCO3="calcite", H2O="water ice",
)  # fmt: skip
_PART = re.compile(r"[A-Z][a-z]?")
_FORMULA = re.compile(r"(?:[A-Z][a-z]?|[\d.,:()\[\]{}·*+\-\s])+")


def names_in_formula(formula: str) -> list[str]:
    """Return the words for the elements and groups of a formula; none when it is not one.

    ``LiFePO4`` gives lithium, iron, phosphate and so on; charges, brackets and fractions are passed over.
    """
    symbols = _PART.findall(formula)
    if not symbols or not _FORMULA.fullmatch(formula) or any(symbol not in _NAMES for symbol in symbols):
        return []
    names = [_NAMES[symbol] for symbol in symbols]
    names += [_ALSO[symbol] for symbol in symbols if symbol in _ALSO]
    names += [_ANIONS[symbol] for symbol in symbols[1:] if symbol in _ANIONS and symbol != symbols[0]]
    names += [name for group, name in _GROUPS.items() if group in formula]
    names.append(_COMMON_NAMES.get(re.sub(r"\s", "", formula), ""))
    return list(dict.fromkeys(" ".join(names).split()))


@lru_cache(maxsize=1)
def names_of_common_name() -> Mapping[str, Sequence[str]]:
    """Return, for ceria and the like, what their formulas are found by."""
    return {
        name: [formula.casefold(), *names_in_formula(formula)]
        for formula, names in _COMMON_NAMES.items()
        for name in names.split()
    }
