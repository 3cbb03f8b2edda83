"""Data sets written byte by byte from the descriptions of their formats, independent of the runtime's readers."""
import os
import struct

import numpy as np

EVENT = np.dtype([("t", "i8"), ("x", "i4"), ("y", "i4"), ("p", "i4")])


def random_events(rng, count, width, height, span=300_000, start=0):
    events = np.zeros(count, EVENT)
    events["t"] = start + np.sort(rng.integers(0, span, count))
    events["x"] = rng.integers(0, width, count)
    events["y"] = rng.integers(0, height, count)
    events["p"] = rng.integers(0, 2, count)
    return events


def put(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)


def atis(events, overflow_at=()):
    """N-MNIST. An overflow mark stands before the events of these places; their times are 8192 less from there on."""
    out, less = b"", 0
    for i, e in enumerate(events):
        if i in overflow_at:
            out += bytes([0, 240, 0, 0, 0])
            less += 8192
        t = int(e["t"]) - less
        assert 0 <= t < 1 << 23
        out += bytes([e["x"], e["y"], int(e["p"]) << 7 | t >> 16, t >> 8 & 255, t & 255])
    return out


def aedat2(events, external=0):
    out = b"#!AER-DAT2.0\r\n# This is a raw AE data file\r\n# created by a test\r\n"
    for i, e in enumerate(events):
        row, column = 127 - int(e["x"]), 127 - int(e["y"])
        out += struct.pack(">II", row << 8 | column << 1 | 1 - int(e["p"]), int(e["t"]))
        if i < external:
            out += struct.pack(">II", 0x8000, int(e["t"]))
    return out


def aedat3_packet(kind, size, payload, count, capacity=None, overflow=0, valid=None):
    capacity = count if capacity is None else capacity
    payload = payload + bytes(size * (capacity - count))
    header = struct.pack("<HHIIIIII", kind, 1, size, 4, overflow, capacity, count, count if valid is None else valid)
    return header + payload


def aedat3(events, per_packet=1000):
    out = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n#Start-Time: 2016\r\n#!END-HEADER\r\n"
    out += aedat3_packet(0, 8, struct.pack("<II", 1, 0), 1)  # special events
    for begin in range(0, len(events), per_packet):
        payload, valid = b"", 0
        part = events[begin : begin + per_packet]
        overflow = int(part["t"][0]) >> 31
        for e in part:
            assert int(e["t"]) >> 31 == overflow
            payload += struct.pack("<II", int(e["x"]) << 17 | int(e["y"]) << 2 | int(e["p"]) << 1 | 1, int(e["t"]) & 0x7FFFFFFF)
            valid += 1
        payload += struct.pack("<II", 5 << 17 | 5 << 2, 7)  # an event that a filter made invalid
        out += aedat3_packet(1, 8, payload, valid + 1, valid + 3, overflow, valid)
    out += aedat3_packet(2, 36, bytes(36), 1)  # a frame or so
    return out


def flatbuffer(identifier, fields):
    """One table; `fields` are None, ("i32", n), ("i64", n), or ("bytes", count, content, alignment). Size before it."""
    table = struct.pack("<i", 0)  # to the vtable, filled in below
    offsets, later = [], []
    for field in fields:
        if field is None:
            offsets.append(0)
            continue
        width = {"i32": 4, "i64": 8, "bytes": 4}[field[0]]
        table += bytes(-len(table) % width)
        offsets.append(len(table))
        if field[0] == "bytes":
            later.append((len(table), field))
            table += bytes(4)
        else:
            table += struct.pack({"i32": "<i", "i64": "<q"}[field[0]], field[1])
    vtable = struct.pack("<HH", 4 + 2 * len(offsets), len(table)) + b"".join(struct.pack("<H", o) for o in offsets)
    # Places count from the size: 0 size, 4 root, 8 identifier, 12 vtable.
    start = 12 + len(vtable)
    start += -start % 8
    body = bytearray(bytes(12) + vtable)
    body += bytes(start - len(body))
    body += table
    struct.pack_into("<i", body, start, start - 12)
    for place, (_, count, content, alignment) in later:
        while (len(body) + 4) % alignment != 0 or len(body) % 4 != 0:
            body += b"\0"
        struct.pack_into("<I", body, start + place, len(body) - (start + place))
        body += struct.pack("<I", count) + content
    struct.pack_into("<I", body, 4, start - 4)
    body[8:12] = identifier
    struct.pack_into("<I", body, 0, len(body) - 4)
    return bytes(body)


def aedat4(events, width, height, compression=0, per_packet=500, table=True):
    import lz4.frame
    import zstandard

    pack = {
        0: lambda b: b,
        1: lz4.frame.compress,
        2: lambda b: lz4.frame.compress(b, compression_level=9),
        3: zstandard.ZstdCompressor().compress,
        4: zstandard.ZstdCompressor(level=15, write_content_size=False).compress,
    }[compression]
    xml = f"""<dv version="2.0"><node name="outInfo" path="/mainloop/Recorder/outInfo/">
    <node name="0" path="/mainloop/Recorder/outInfo/0/"><attr key="compression" type="string">NONE</attr>
    <attr key="originalModuleName" type="string">capture</attr><attr key="typeIdentifier" type="string">FRME</attr>
    <node name="info" path="/i/"><attr key="sizeX" type="int">7</attr><attr key="sizeY" type="int">9</attr></node></node>
    <node name="1" path="/mainloop/Recorder/outInfo/1/"><attr key="originalOutputName" type="string">events</attr>
    <attr key="typeDescription" type="string">Array of events (polarity ON/OFF).</attr>
    <attr key="typeIdentifier" type="string">EVTS</attr><node name="info" path="/j/">
    <attr key="sizeX" type="int">{width}</attr><attr key="sizeY" type="int">{height}</attr>
    <attr key="source" type="string">test</attr></node></node></node></dv>""".encode()
    packets = b""

    def packet(stream, buffer):
        content = pack(buffer)
        return struct.pack("<ii", stream, len(content)) + content

    packets += packet(0, flatbuffer(b"FRME", [("i64", 5), ("i64", 6)]))
    for begin in range(0, len(events), per_packet):
        content = b"".join(
            struct.pack("<qhh?3x", int(e["t"]), int(e["x"]), int(e["y"]), bool(e["p"])) for e in events[begin : begin + per_packet]
        )
        packets += packet(1, flatbuffer(b"EVTS", [("bytes", len(content) // 16, content, 8)]))
    packets += packet(1, flatbuffer(b"EVTS", []))

    def header(position):
        return flatbuffer(b"IOHE", [("i32", compression) if compression else None, ("i64", position), ("bytes", len(xml), xml + b"\0", 4)])

    begin = b"#!AER-DAT4.0\r\n"
    end = len(begin) + len(header(1)) + len(packets)
    return begin + header(end if table else -1) + packets + (pack(flatbuffer(b"FTAB", [])) if table else b"")
