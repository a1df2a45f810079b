"""Writes test/cluster/fixtures/kubernetes-job.schema.json: what Kubernetes says a Job of batch/v1 may hold.

Source: the OpenAPI definitions of Kubernetes 1.33 (https://github.com/kubernetes/kubernetes, api/openapi-spec,
Apache-2.0), as JSON schema in which unknown fields are errors, from the package kubernetes-validate 1.37.0 of PyPI
(Apache-2.0). Kept are the definitions that a Job can reach, without their descriptions.

    pip download --no-deps kubernetes-validate==1.37.0 && unzip kubernetes_validate-*.whl -d unpacked
    python3 scripts/make_kubernetes_schema.py unpacked > test/cluster/fixtures/kubernetes-job.schema.json
"""
import json
import re
import sys

VERSION = "v1.33.0"
JOB = "io.k8s.api.batch.v1.Job"


def bare(node):
    """Without descriptions and Kubernetes' own extensions; a property may be called "description"."""
    if isinstance(node, list):
        return [bare(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {
        key: bare(value)
        for key, value in node.items()
        if not (key == "description" and isinstance(value, str)) and not key.startswith("x-kubernetes")
    }


def main(folder):
    path = f"{folder}/kubernetes_validate/kubernetes-json-schema/{VERSION}-local-strict/_definitions.json"
    with open(path, encoding="utf-8") as file:
        definitions = json.load(file)["$defs"]
    kept, waiting = {}, [JOB]
    while waiting:
        name = waiting.pop()
        if name in kept:
            continue
        text = json.dumps(bare(definitions[name]))
        waiting += re.findall(r'"\$ref": "[^"]*#/\$defs/([^"]+)"', text)
        kept[name] = json.loads(re.sub(r'"\$ref": "[^"]*#/', '"$ref": "#/', text))
    print(
        json.dumps(
            {
                "$comment": f"Kubernetes {VERSION}, https://github.com/kubernetes/kubernetes, Apache-2.0, without descriptions; made by scripts/make_kubernetes_schema.py",
                "$ref": f"#/$defs/{JOB}",
                "$defs": {name: kept[name] for name in sorted(kept)},
            },
            separators=(",", ":"),
        )
    )


main(sys.argv[1])
