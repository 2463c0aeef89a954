"""JSON Schema, validated by `jsonschema` with every outside reference refused: a schema is a model's text."""

from collections.abc import Mapping
from typing import Any

__all__ = ["schema_problem"]


def schema_problem(schema: Mapping[str, Any], document: Any) -> str | None:
    """Return the most telling violation of a schema in one sentence, `None` when the document satisfies it.

    A schema that is itself wrong, or refers to something outside, is a violation: it shows nothing.
    """
    from jsonschema import exceptions, validators  # imported where first used: 60 ms
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    kind = validators.validator_for(schema, default=validators.Draft202012Validator)
    try:
        kind.check_schema(dict(schema))
        registry: Registry[Any] = Registry()
        found = exceptions.best_match(kind(schema, registry=registry).iter_errors(document))
    except exceptions.SchemaError as error:
        return f"the schema itself is wrong: {error.message}"
    except Unresolvable as error:
        return f"the schema refers to something that is not in it: {error}"
    return None if found is None else f"{found.json_path}: {found.message}"
