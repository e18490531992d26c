"""CloudFormation templates as values: YAML with short functions, or JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from executor.model.json import Json

if TYPE_CHECKING:
    from yaml import SafeLoader
    from yaml.nodes import Node


def parsed_template(text: str) -> Json:
    """Return a template as JSON would spell it; None when it is no template.

    Dates stay texts, and `!Sub x` becomes `{"Fn::Sub": x}`.
    """
    try:
        parsed: Json = json.loads(text)
    except (ValueError, RecursionError):
        parsed = _from_yaml(text)
    return parsed if isinstance(parsed, dict) else None


def _from_yaml(text: str) -> Json:
    import yaml

    class Loader(yaml.SafeLoader):
        """Knows CloudFormation's short functions, and takes a date for a text."""

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in known if not tag.endswith(":timestamp")]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.add_multi_constructor("!", _function)
    try:
        value: Json = yaml.load(text, Loader=Loader)
        # What JSON cannot spell (bytes, sets) is in no template.
        json.dumps(value)
    except (yaml.YAMLError, TypeError, ValueError, RecursionError):
        return None
    return value


def _function(loader: SafeLoader, suffix: str, node: Node) -> Json:
    import yaml

    if isinstance(node, yaml.ScalarNode):
        value: Json = loader.construct_scalar(node)
        if suffix == "GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = cast("Json", loader.construct_mapping(node, deep=True))
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}
