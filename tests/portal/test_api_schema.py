"""The API describes itself truly and completely."""

import pytest
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator


@pytest.fixture(scope="module")
def schema():
    return SchemaGenerator().get_schema(request=None, public=True)


def test_the_description_is_valid_and_complete(tmp_path):
    file = tmp_path / "schema.yml"

    call_command("spectacular", validate=True, fail_on_warn=True, file=str(file))

    assert "openapi: 3" in file.read_text()


def test_it_is_served(api_of, db):
    answer = api_of().get("/api/schema/")

    assert answer.status_code == 200
    assert "/api/jobs/" in answer.json()["paths"]


def test_every_field_is_explained(schema):
    fields = {
        f"{name}.{field}": spec
        for name, component in schema["components"]["schemas"].items()
        for field, spec in component.get("properties", {}).items()
    }

    assert len(fields) > 50
    assert [name for name, spec in fields.items() if not spec.get("description")] == []


def test_every_parameter_is_explained(schema):
    parameters = [
        (path, parameter)
        for path, operations in schema["paths"].items()
        for operation in operations.values()
        for parameter in operation.get("parameters", ())
    ]

    assert [(path, row["name"]) for path, row in parameters if not row.get("description")] == []


def test_every_operation_is_explained_and_tells_of_errors(schema):
    operations = [operation for path in schema["paths"].values() for operation in path.values()]

    assert all(operation["description"] for operation in operations)
    assert all("default" in operation["responses"] for operation in operations)
