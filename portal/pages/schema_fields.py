"""The field of a form for one value of a pipeline's schema, whatever the schema says of it.

A widget that is not known here (descriptors of facilities name their own) becomes the plain one of the
value's type; a type that is not known becomes a text in JSON. So every value that is asked for can be given.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from portal.catalogue.models import Datafile
from portal.jobs.schema import Leaf, as_mapping, choices_of, kind_of

__all__ = ["YES_NO", "field_for", "label_of", "schema_value", "style", "widget_name"]

YES_NO = [("true", "yes"), ("false", "no")]
_LONGEST_TEXT = 10_000
_LISTED_FILES = 200
_FEW_CHOICES = 12
_DATES = {"date": "date", "date-time": "datetime-local", "time": "time"}


class FileByNameField(forms.ModelChoiceField):
    """A file of a dataset that has too many to list: its name is typed."""

    widget = forms.TextInput

    def prepare_value(self, value: Any) -> Any:
        """Show a file by its name."""
        if isinstance(value, int):
            found = self.queryset.filter(pk=value) if self.queryset is not None else ()
            return next((file.name for file in found), "")
        return value


class WordsField(forms.CharField):
    """Several values in one line, with commas between."""

    def __init__(self, spec: Mapping[str, Any], **options: Any) -> None:
        super().__init__(max_length=_LONGEST_TEXT, **options)
        self._kind = kind_of(as_mapping(spec.get("items")))

    def prepare_value(self, value: Any) -> Any:
        """Show a list as it is typed."""
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        """Return the list; empty as None."""
        words = [word for word in re.split(r"\s*[,;\n]\s*", super().clean(value)) if word]
        try:
            return [self._typed(word) for word in words] or None
        except ValueError:
            raise ValidationError("Enter numbers with commas between them.") from None

    def _typed(self, word: str) -> object:
        if self._kind == "integer":
            return int(word)
        number = float(word) if self._kind == "number" else 0.0
        if not abs(number) < float("inf"):
            raise ValueError(word)
        return number if self._kind == "number" else word


class JsonField(forms.CharField):
    """Any value, written as JSON."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        """Show a value as it is typed; what was typed stays as it is."""
        return value if value is None or isinstance(value, str) else json.dumps(value)

    def clean(self, value: Any) -> Any:
        """Return the value; empty as None."""
        text = super().clean(value)
        try:
            found = json.loads(text) if text else None
            written = json.dumps(found, allow_nan=False, ensure_ascii=False)
            written.encode()
        except (ValueError, RecursionError):
            raise ValidationError('Enter JSON, as [1, 2] or {"name": 1}.') from None
        if "\\u0000" in written:
            raise ValidationError("A text has a character that cannot be stored.")
        return found


def widget_name(ui: Mapping[str, Any]) -> str:
    """Return the widget that ``ui_schema`` asks for; "" when it leaves it open."""
    return str(ui.get("ui:widget") or as_mapping(ui.get("ui:options")).get("widget") or "")


def label_of(leaf: Leaf) -> str:
    """Return what the value is called on the form."""
    return str(leaf.ui.get("ui:title") or leaf.spec.get("title") or leaf.path[-1])


def field_for(leaf: Leaf, *, files: QuerySet[Datafile] | None = None, may_hide: bool = True) -> forms.Field:
    """Return the field for a value; ``files`` are those to choose from where the value is a file.

    With ``may_hide=False`` a field is shown although ``ui_schema`` hides it: somebody must fill it.
    """
    told = (leaf.ui.get("ui:description") or leaf.spec.get("description"), leaf.ui.get("ui:help"))
    common = {
        "label": label_of(leaf),
        "help_text": " ".join(str(text) for text in told if text),
        "required": leaf.is_required,
    }
    field = _field(leaf, common, files)
    if leaf.ui.get("ui:placeholder"):
        field.widget.attrs["placeholder"] = leaf.ui["ui:placeholder"]
    if leaf.ui.get("ui:readonly") or leaf.ui.get("ui:disabled"):
        field.widget.attrs["readonly"] = True
    can_hide = may_hide and not isinstance(field, forms.ModelChoiceField | JsonField)
    if can_hide and widget_name(leaf.ui) == "hidden":
        field.widget = forms.MultipleHiddenInput() if kind_of(leaf.spec) == "array" else forms.HiddenInput()
    style(field)
    return field


def schema_value(leaf: Leaf, value: Any) -> Any:
    """Return a cleaned value as the schema types it."""
    if isinstance(value, Datafile):
        return value.pk
    if kind_of(leaf.spec) == "array" and isinstance(value, list):
        choices = choices_of(as_mapping(leaf.spec.get("items")))
        return [_chosen(choices, one) for one in value]
    if kind_of(leaf.spec) == "boolean" and isinstance(value, str):
        return value == "true"
    return _chosen(choices_of(leaf.spec), value)


def style(field: forms.Field) -> None:
    """Give the widget the classes of the style sheet."""
    widget = field.widget
    if isinstance(widget, forms.CheckboxSelectMultiple | forms.RadioSelect):
        return  # A class would be given to the group as well.
    if isinstance(widget, forms.CheckboxInput):
        widget.attrs["class"] = "form-check-input"
    elif isinstance(widget, forms.Select):
        widget.attrs["class"] = "form-select"
    elif not widget.is_hidden:
        widget.attrs["class"] = "form-control"


def _field(leaf: Leaf, common: dict[str, Any], files: QuerySet[Datafile] | None) -> forms.Field:
    if leaf.is_file and files is not None:
        return _file_field(files, common)
    if choices := choices_of(leaf.spec, leaf.ui):
        return _choice_field(leaf, choices, common)
    make = _OF_KIND.get(kind_of(leaf.spec))
    return make(leaf, common) if make else JsonField(max_length=_LONGEST_TEXT, **common)


def _file_field(files: QuerySet[Datafile], common: dict[str, Any]) -> forms.Field:
    n_files = files[: _LISTED_FILES + 1].count()
    if n_files <= _LISTED_FILES:
        return forms.ModelChoiceField(files, empty_label=None if common["required"] else "none", **common)
    told = f"{common['help_text']} There are too many files to list them: type the name of one.".strip()
    invalid = {"invalid_choice": "There is no file of this name that can be used here."}
    return FileByNameField(
        files, to_field_name="name", error_messages=invalid, **{**common, "help_text": told}
    )


def _choice_field(leaf: Leaf, choices: list[tuple[Any, str]], common: dict[str, Any]) -> forms.Field:
    shown = [(str(value), label) for value, label in choices]
    if "default" not in leaf.spec:
        shown.insert(0, ("", "choose" if leaf.is_required else "none"))
    widget = forms.RadioSelect if widget_name(leaf.ui) == "radio" else forms.Select
    return forms.ChoiceField(choices=shown, widget=widget, **common)


def _list_field(leaf: Leaf, common: dict[str, Any]) -> forms.Field:
    items = as_mapping(leaf.spec.get("items"))
    if choices := choices_of(items, leaf.ui):
        shown = [(str(value), label) for value, label in choices]
        boxes = widget_name(leaf.ui) == "checkboxes" or len(shown) <= _FEW_CHOICES
        widget = forms.CheckboxSelectMultiple if boxes else forms.SelectMultiple
        return forms.MultipleChoiceField(choices=shown, widget=widget, **common)
    if kind_of(items) in ("string", "number", "integer"):
        told = f"{common['help_text']} Several values with commas between them.".strip()
        return WordsField(leaf.spec, **{**common, "help_text": told})
    return JsonField(max_length=_LONGEST_TEXT, **common)


def _yes_no_field(leaf: Leaf, common: dict[str, Any]) -> forms.Field:
    if widget_name(leaf.ui) in ("radio", "select"):
        widget = forms.RadioSelect if widget_name(leaf.ui) == "radio" else forms.Select
        return forms.ChoiceField(choices=YES_NO, widget=widget, **common)
    return forms.BooleanField(**{**common, "required": False})


def _number_field(leaf: Leaf, common: dict[str, Any]) -> forms.Field:
    spec, is_whole = leaf.spec, kind_of(leaf.spec) == "integer"
    limits = {
        "min": spec.get("minimum", spec.get("exclusiveMinimum")),
        "max": spec.get("maximum", spec.get("exclusiveMaximum")),
        # What HTML cannot say; the script of the form does.
        "data-above": spec.get("exclusiveMinimum"),
        "data-below": spec.get("exclusiveMaximum"),
        "data-unit": spec.get("unit") or None,
    }
    given = {name: limit for name, limit in limits.items() if limit is not None}
    widget = forms.NumberInput(attrs={"step": 1 if is_whole else "any", **given})
    return (forms.IntegerField if is_whole else forms.FloatField)(widget=widget, **common)


def _text_field(leaf: Leaf, common: dict[str, Any]) -> forms.Field:
    spec = leaf.spec
    widget: forms.Widget = forms.TextInput()
    if widget_name(leaf.ui) == "textarea":
        widget = forms.Textarea(attrs={"rows": 4})
    elif kind := _DATES.get(str(spec.get("format"))):
        widget = forms.TextInput(attrs={"type": kind})
    longest = spec.get("maxLength")
    return forms.CharField(
        max_length=longest if isinstance(longest, int) else _LONGEST_TEXT, widget=widget, **common
    )


_OF_KIND = {
    "array": _list_field,
    "boolean": _yes_no_field,
    "number": _number_field,
    "integer": _number_field,
    "string": _text_field,
}


def _chosen(choices: list[tuple[Any, str]], value: Any) -> Any:
    """Return a choice as the type that the schema lists it with."""
    return next((known for known, _ in choices if str(known) == str(value)), value)
