"""The Python client against an API server: what an operator written with it does. Prints one line of JSON: what it found, by step.

Usage: session.py KUBECONFIG CHURNS
CHURNS: how many changes make the server forget the revision the session began at, once they are old enough.
"""

import json
import sys
import time

from kubernetes import client, config, watch
from kubernetes.client.rest import ApiException

GROUP = {"group": "projectcalico.org", "version": "v3"}
SETS = {**GROUP, "plural": "globalnetworksets"}
FEW_SECONDS = 10
FORGETTING_SECONDS_MAX = 60


def body(name, **labels):
    metadata = {"name": name, "labels": labels}
    return {"apiVersion": "projectcalico.org/v3", "kind": "GlobalNetworkSet", "metadata": metadata, "spec": {"nets": ["192.0.2.0/24"]}}


def names(listing):
    return [item["metadata"]["name"] for item in listing["items"]]


def pages(api):
    """All names in pages of two, and how many pages that took."""
    found, count, token = [], 0, None
    while count == 0 or token:
        page = api.list_cluster_custom_object(**SETS, limit=2, **({"_continue": token} if token else {}))
        found += names(page)
        count += 1
        token = page["metadata"].get("continue")
    return {"names": found, "pages": count}


def patches(api):
    """A merge patch, which is what the client sends of itself, and a JSON patch."""
    merged = api.patch_cluster_custom_object(**SETS, name="a", body={"metadata": {"labels": {"merged": "yes"}}})
    steps = [{"op": "test", "path": "/metadata/labels/merged", "value": "yes"}, {"op": "add", "path": "/spec/nets/-", "value": "198.51.100.1/32"}]
    jsonned = api.patch_cluster_custom_object(**SETS, name="a", body=steps, _content_type="application/json-patch+json")
    return {"labels": merged["metadata"]["labels"], "nets": jsonned["spec"]["nets"]}


def conflict(api):
    """An update from an old version is refused, one from the new version is taken."""
    old = api.get_cluster_custom_object(**SETS, name="a")
    api.patch_cluster_custom_object(**SETS, name="a", body={"metadata": {"labels": {"turn": "1"}}})
    old["spec"]["nets"] = ["203.0.113.0/24"]
    try:
        api.replace_cluster_custom_object(**SETS, name="a", body=old)
        refused = None
    except ApiException as error:
        refused = {"status": error.status, "reason": json.loads(error.body)["reason"]}
    new = api.get_cluster_custom_object(**SETS, name="a")
    new["spec"]["nets"] = ["203.0.113.0/24"]
    replaced = api.replace_cluster_custom_object(**SETS, name="a", body=new)
    return {"refused": refused, "nets": replaced["spec"]["nets"]}


def watched(api, version, count, **options):
    """So many events behind a version."""
    stream = watch.Watch().stream(api.list_cluster_custom_object, **SETS, resource_version=version, timeout_seconds=FEW_SECONDS, **options)
    found = []
    for event in stream:
        found.append(event)
        if len(found) == count:
            break
    return found


def resume(api):
    """A watch that is broken off goes on where it was, with nothing lost or told twice."""
    start = api.list_cluster_custom_object(**SETS)["metadata"]["resourceVersion"]
    for turn in range(6):
        api.patch_cluster_custom_object(**SETS, name="b", body={"metadata": {"labels": {"turn": str(turn)}}})
    first = watched(api, start, 3)
    rest = watched(api, first[-1]["object"]["metadata"]["resourceVersion"], 3)
    return [event["object"]["metadata"]["labels"]["turn"] for event in first + rest]


def selected(api):
    """A watch with a selector: entering it is an addition, leaving it a deletion."""
    start = api.list_cluster_custom_object(**SETS)["metadata"]["resourceVersion"]
    for value in ("in", "still", None):
        api.patch_cluster_custom_object(**SETS, name="c", body={"metadata": {"labels": {"chosen": value}}})
    return [event["type"] for event in watched(api, start, 3, label_selector="chosen")]


def gone(api, churns):
    """A version that is forgotten is answered with 410, to a watch and to the rest of a list; a new list is the way on."""
    page = api.list_cluster_custom_object(**SETS, limit=2)
    deadline = time.monotonic() + FORGETTING_SECONDS_MAX
    while True:
        # the store forgets what is old enough, when it is written to
        for turn in range(churns):
            api.patch_cluster_custom_object(**SETS, name="d", body={"metadata": {"labels": {"turn": str(turn)}}})
        codes = [code_of(lambda: watched(api, "2", 1)), code_of(lambda: rest_of(api, page))]
        if None not in codes or time.monotonic() > deadline:
            return codes
        time.sleep(1)


def rest_of(api, page):
    return api.list_cluster_custom_object(**SETS, limit=2, _continue=page["metadata"]["continue"])


def code_of(attempt):
    """The status an attempt fails with; None when it does not."""
    try:
        attempt()
        return None
    except ApiException as error:
        return error.status


def informer(api):
    """List, then watch from the list's version: the cache of it ends as a plain list says."""
    listing = api.list_cluster_custom_object(**SETS)
    cache = {item["metadata"]["name"]: item for item in listing["items"]}
    api.create_cluster_custom_object(**SETS, body=body("f"))
    api.delete_cluster_custom_object(**SETS, name="e")
    api.patch_cluster_custom_object(**SETS, name="f", body={"metadata": {"labels": {"last": "yes"}}})
    for event in watched(api, listing["metadata"]["resourceVersion"], 3):
        name = event["object"]["metadata"]["name"]
        if event["type"] == "DELETED":
            cache.pop(name)
        else:
            cache[name] = event["object"]
    present = {item["metadata"]["name"]: item for item in api.list_cluster_custom_object(**SETS)["items"]}
    return cache == present and sorted(cache) == ["a", "b", "c", "d", "f"]


def main():
    config.load_kube_config(sys.argv[1])
    api = client.CustomObjectsApi()
    for name in "abcde":
        api.create_cluster_custom_object(**SETS, body=body(name, odd="yes" if name in "ace" else "no"))
    found = {
        "group": [version.group_version for group in client.ApisApi().get_api_versions().groups for version in group.versions],
        "pages": pages(api),
        "selected": names(api.list_cluster_custom_object(**SETS, label_selector="odd=yes")),
        "patches": patches(api),
        "conflict": conflict(api),
        "resumed": resume(api),
        "selectedEvents": selected(api),
        "informer": informer(api),
        "gone": gone(api, int(sys.argv[2])),
    }
    for name in names(api.list_cluster_custom_object(**SETS)):
        api.delete_cluster_custom_object(**SETS, name=name)
    found["left"] = names(api.list_cluster_custom_object(**SETS))
    print(json.dumps(found))


main()
