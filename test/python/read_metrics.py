"""Reads Prometheus' text form from standard input and prints it as JSON: one list a sample. Ends with an error when the form is not right."""

import json
import math
import sys

from prometheus_client.parser import text_string_to_metric_families

samples = []
seen = set()
for family in text_string_to_metric_families(sys.stdin.read()):
    if not family.documentation or family.type in ("unknown", "untyped"):
        raise SystemExit(f"{family.name}: without type or help")
    for name, labels, value, *_ in family.samples:
        key = (name, tuple(sorted(labels.items())))
        if key in seen:
            raise SystemExit(f"{key}: twice")
        seen.add(key)
        samples.append([family.type, name, labels, None if math.isnan(value) or math.isinf(value) else value])
json.dump(samples, sys.stdout)
