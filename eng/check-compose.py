"""Fails unless the resolved compose file on stdin keeps what docker-compose.yml promises in its comments. --build: with docker-compose.build.yml."""

import json
import sys

WORKERS = ("worker1", "worker2")
FRONTENDS = ("frontend1", "frontend2")
STATUS = "status"

config = json.load(sys.stdin)
services = config["services"]
problems = []


def expect(true: bool, problem: str) -> None:
    if not true:
        problems.append(problem)


def mounts(service: dict) -> dict[str, str]:
    """Source by target; docker-compose writes strings, docker compose objects."""
    pairs = {}
    for volume in service.get("volumes", []):
        if isinstance(volume, str):
            source, target = volume.split(":")[:2]
        else:
            source, target = volume["source"], volume["target"]
        pairs[target] = source
    return pairs


def published(service: dict) -> list[str]:
    ports = service.get("ports", [])
    return [p if isinstance(p, str) else f"{p.get('host_ip', '')}:{p['published']}:{p['target']}" for p in ports]


expect(sorted(services) == sorted(("redis", *WORKERS, *FRONTENDS, STATUS)), f"services are {sorted(services)}")
for name, service in services.items():
    expect(("build" in service) == ("--build" in sys.argv and name != "redis"), f"{name}: build")
    expect(service.get("restart") == "always", f"{name} is not restarted always")
    expect("healthcheck" in service, f"{name} has no health check")
    expect(bool(published(service)) == (name in (*FRONTENDS, STATUS)), f"{name} publishes {published(service)}")
    expect(all(p.startswith("127.0.0.1:") for p in published(service)), f"{name} publishes beyond loopback: {published(service)}")
    expect(("/var/run/docker.sock" in mounts(service)) == (name in WORKERS), f"{name}: engine socket")
    expect(("PODFLARE_API_KEYS" in service.get("environment", {})) == (name in FRONTENDS), f"{name}: API keys")
for name in WORKERS:
    folder = services[name]["environment"]["Podflare__RunFolder"]
    expect(mounts(services[name]).get(folder) == folder, f"{name} does not have its run folder at the host's path")
folders = {services[name]["environment"]["Podflare__RunFolder"] for name in WORKERS}
expect(len(folders) == len(WORKERS), "workers share a run folder")

expect(config["networks"]["cluster"].get("internal") is True, "the network cluster leads out")
for name in ("redis", *WORKERS, *FRONTENDS):
    expect(str(mounts(services[name]).get("/certificates", "")).endswith(f"/{name}"), f"{name} does not have its own certificate")
for name in (*WORKERS, *FRONTENDS):
    environment = services[name]["environment"]
    connection = environment.get("ConnectionStrings__Redis", "")
    expect("ssl=true" in connection and "user=podflare" in connection and "password=" in connection, f"{name} reaches Redis without TLS or a password")
    for setting in ("Podflare__Cluster__Certificate", "Podflare__Cluster__Key", "Podflare__Cluster__Authority", "Podflare__Redis__Authority"):
        expect(str(environment.get(setting, "")).startswith("/certificates/"), f"{name} has no {setting}")
    expect("Podflare__Cluster__AllowPlaintext" not in environment, f"{name} may start without TLS")

page = services[STATUS]
expect(list(page["networks"]) == ["public"], f"status is in the networks {list(page['networks'])}: it must reach the frontends alone")
expect(not page.get("depends_on"), "status waits for the platform to start")
expect(page.get("read_only") is True and page.get("cap_drop") == ["ALL"], "status has more rights than it needs")
expect(list(mounts(page)) == ["/data"], f"status mounts {mounts(page)}")
for name in FRONTENDS:
    expect("public" in services[name]["networks"], f"{name} cannot be reached by status")
    keys = services[name]["environment"]["PODFLARE_API_KEYS"].split(",")
    expect("status:" + page["environment"]["Status__Probes__Key"] in keys, f"{name} does not know the key of status")
    expect(f"http://{name}:7070" in page["environment"]["Status__Probes__Platform"].split(","), f"status does not watch {name}")
command = " ".join(services["redis"]["command"])
for setting in ("--appendonly yes", "--appendfsync everysec", "--save  ", "--maxmemory-policy noeviction", "--port 0", "--tls-port 6379", "--aclfile "):
    expect(setting in command, f"redis runs without {setting}")

for problem in problems:
    print(f"docker-compose.yml: {problem}", file=sys.stderr)
sys.exit(bool(problems))
