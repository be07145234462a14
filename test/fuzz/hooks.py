"""What the fuzzer must not send, because the document cannot say it: see README.md beside this file."""
import schemathesis


@schemathesis.hook
def map_query(context, query):
    """A watch has no end, and its answer is a stream; unknown fields are taken when the client asks for that.
    A revision that lies in the future is answered with 504, as Kubernetes does; not every 5xx is a fault."""
    if isinstance(query, dict):
        query = {name: value for name, value in query.items() if name != "watch"}
        if query.get("fieldValidation") in ("Warn", "Ignore"):
            del query["fieldValidation"]
        if str(query.get("resourceVersion", "")).isdigit():
            query["resourceVersion"] = str(int(query["resourceVersion"][-1]) % 7)
    return query


def _has_zero(value):
    """Null and Go's zero values count as absent wherever a field may be absent."""
    if value is None or value == "" or value == [] or value == {} or value is False or value == 0:
        return True
    if isinstance(value, dict):
        return any(_has_zero(item) for item in value.values())
    if isinstance(value, list):
        return any(_has_zero(item) for item in value)
    return False


@schemathesis.hook
def filter_body(context, body):
    return not _has_zero(body)
