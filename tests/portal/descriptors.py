"""A descriptor as the ESRF writes them: types of all sorts, its own widget, roles and validity."""

import json
from copy import deepcopy

from portal.jobs.models import Pipeline
from portal.jobs.services import sync_pipelines

SPACE_GROUPS = [f"P{number}" for number in range(66)] + ["P212121"]
_MX = {
    "id": "MXDataReductionPipelines_ID01",
    "label": "Reprocess",
    "category": "MX",
    "keywords": {"cardinality": "1", "definition": "*", "instrumentName": "ID01"},
    "input_schema": {
        "title": "Reprocessing",
        "description": "Automatic processing of diffraction images.",
        "type": "object",
        "properties": {
            "anomalous": {
                "type": "boolean",
                "title": "Anomalous",
                "default": False,
                "populate": [{"type": "parameter", "value": "MXAutoprocIntegration_anomalous"}],
            },
            "exclude_range": {"type": "string", "title": "Exclude data range"},
            "forced_spacegroup": {
                "type": "string",
                "title": "Forced spacegroup",
                "enum": SPACE_GROUPS,
                "populate": [{"type": "parameter", "value": "MXAutoprocIntegration_space_group"}],
            },
            "high_res_limit": {
                "type": "string",
                "title": "High resolution limit",
                "populate": [{"type": "parameter", "value": "resolution_limit_high"}],
            },
            "mx_pipeline_name": {
                "type": "array",
                "title": "Pipeline",
                "uniqueItems": True,
                "default": ["grenades_fastproc"],
                "items": {"type": "string", "enum": ["EDNA_proc", "autoPROC", "grenades_fastproc"]},
            },
            "cell": {"type": "array", "title": "Unit cell", "items": {"type": "number"}},
            "mode": {
                "title": "Mode",
                "oneOf": [{"const": 1, "title": "fast"}, {"const": 2, "title": "slow"}],
            },
            "extra": {"title": "Extra", "anyOf": [{"type": "object"}, {"type": "null"}]},
            "limit": {"type": ["integer", "null"], "title": "Limit", "minimum": 1},
            "secret": {"type": "integer", "default": 7},
            "note": {"$ref": "#/definitions/text"},
        },
        "definitions": {"text": {"type": "string", "title": "Note"}},
    },
    "ui_schema": {
        "mx_pipeline_name": {"ui:widget": "checkboxes"},
        "exclude_range": {"ui:widget": "dozorExcludeRange", "ui:help": "Images as 1-10."},
        "forced_spacegroup": {"ui:widget": "select"},
        "secret": {"ui:widget": "hidden"},
        "note": {"ui:widget": "textarea"},
        "ui:order": ["mx_pipeline_name", "exclude_range", "*", "anomalous"],
    },
    "worker_options": {"queue": "id01"},
}


def esrf_pipeline(**keywords) -> Pipeline:
    """Store the descriptor, its keywords changed, and return its pipeline."""
    attributes = deepcopy(_MX)
    attributes["keywords"] |= keywords
    node = {"id": "start", "task_type": "class", "task_identifier": "somewhere.Start", "label": "Start it"}
    sync_pipelines([json.loads(json.dumps({"graph": attributes, "nodes": [node], "links": []}))])
    return Pipeline.objects.get(identifier=attributes["id"])
