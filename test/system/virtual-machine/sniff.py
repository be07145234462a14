"""Counts what passes a link for some seconds and prints it as JSON: frames by kind, and those that hold a text. Usage: sniff.py LINK SECONDS TEXT"""
import json, socket, sys, time

link, seconds, text = sys.argv[1], float(sys.argv[2]), sys.argv[3].encode()
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
wire.bind((link, 0))
wire.settimeout(0.2)
counts = {"wireguard": 0, "vxlan": 0, "ipip": 0, "icmp": 0, "tcp": 0, "readable": 0}
print("listening", flush=True)
end = time.monotonic() + seconds
while time.monotonic() < end:
    try:
        frame = wire.recv(65535)
    except TimeoutError:
        continue
    kind = frame[12:14]
    if text in frame:
        counts["readable"] += 1
    if kind == b"\x08\x00":
        protocol, payload = frame[23], frame[14 + (frame[14] & 15) * 4:]
    elif kind == b"\x86\xdd":
        protocol, payload = frame[20], frame[54:]
    else:
        continue
    port = int.from_bytes(payload[2:4], "big") if protocol in (6, 17) else 0
    if protocol == 17 and port in (51820, 51821):
        counts["wireguard"] += 1
    elif protocol == 17 and port == 4789:
        counts["vxlan"] += 1
    elif protocol == 4:
        counts["ipip"] += 1
    elif protocol in (1, 58) and payload[0] in (8, 0, 128, 129):
        counts["icmp"] += 1
    elif protocol == 6:
        counts["tcp"] += 1
print(json.dumps(counts), flush=True)
