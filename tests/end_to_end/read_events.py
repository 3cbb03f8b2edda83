# A reader of TensorBoard's event files from their description, sharing nothing with the writer: TFRecords with masked
# CRC-32C (here by a table), protocol buffers by hand. Gives (step, tag, value) and refuses what is damaged.
import struct

TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    TABLE.append(byte)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


assert crc32c(b"123456789") == 0xE3069283  # the check value of CRC-32C


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        assert struct.unpack_from("<I", data, at + 8)[0] == masked(data[at : at + 8]), "the length's checksum"
        body = data[at + 12 : at + 12 + length]
        assert len(body) == length
        assert struct.unpack_from("<I", data, at + 12 + length)[0] == masked(body), "the record's checksum"
        yield body
        at += 16 + length


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            return value, at


def fields(data):
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        wire = key & 7
        if wire == 0:
            value, at = varint(data, at)
        elif wire == 1:
            value, at = struct.unpack_from("<d", data, at)[0], at + 8
        elif wire == 5:
            value, at = struct.unpack_from("<f", data, at)[0], at + 4
        else:
            assert wire == 2, wire
            length, at = varint(data, at)
            value, at = data[at : at + length], at + length
        yield key >> 3, value


def read(path):
    result = []
    for number, record in enumerate(records(open(path, "rb").read())):
        event = dict(fields(record))
        assert 1.6e9 < event[1] < 1e11, "wall time in seconds"
        if number == 0:
            assert event[3] == b"brain.Event:2"
            continue
        for field, value in fields(event[5]):
            assert field == 1
            scalar = dict(fields(value))
            result.append((event[2], scalar[1].decode(), scalar[2]))
    return result
