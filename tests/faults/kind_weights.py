"""weights: flipped bits in the weights of deployed programs and of files that programs read back."""
import os
import struct

from common import MISMATCH, OK, Lost, read, run, survived, write

NAME = "weights"
ABOUT = "flipped bits in the weights of deployed programs"
SHORT, LONG = 40, 800


def section(program, wanted):
    """Where a section of an ELF file of 64 bits lies: begin and end."""
    table, = struct.unpack_from("<Q", program, 40)
    size, count, names = struct.unpack_from("<3H", program, 58)
    headers = [struct.unpack_from("<2I4Q", program, table + i * size) for i in range(count)]
    for name, _, _, _, offset, length in headers:
        at = headers[names][4] + name
        if program[at:program.index(b"\0", at)] == wanted:
            return offset, offset + length
    raise SystemExit("a deployed program has no " + wanted.decode())


class Kind:
    """Two programs of one network differ in their weights alone: that is where the bits are."""

    def __init__(self, shop):
        self.shop = shop
        other = shop.at("other.safetensors")
        shop.must([shop.program, "init", "--seed", "9", "-o", other])
        self.programs = {}
        for name, flags in (("f32", []), ("i16", ["--spikes", "i16", "--calibrate", shop.x])):
            paths = [shop.at(f"bits-{name}-{i}") for i in (0, 1)]
            for path, weights in zip(paths, (shop.weights, other)):
                shop.must([shop.rvbc, "deploy", shop.model, "--weights", weights, "-q", *flags, "-o", path])
            one, two = map(read, paths)
            if len(one) != len(two):
                raise SystemExit("two programs of one network have different sizes")
            # Bits that are equal by chance lie between those that are not.
            begin, end = section(one, b".rodata")  # machine code that depends on weights cannot check itself
            places = [i for i in range(begin, end) if one[i] != two[i]]
            spans, begin = [], places[0]
            for a, b in zip(places, places[1:] + [1 << 60]):
                if b - a > 16:
                    spans.append((begin, a + 1))
                    begin = b
            result = run([paths[0], "infer", "--input", shop.x, "--output", "out"], shop.folder, shop.env)
            survived(result, [OK])
            self.programs[name] = (one, spans, read(shop.at("out")))

    def tries(self, rng, short):
        found = []
        for name, (_, spans, _) in self.programs.items():
            sizes = [end - begin for begin, end in spans]
            for _ in range((SHORT if short else LONG) // 2):
                begin, end = rng.choices(spans, sizes)[0]
                found.append(f"{name}:{rng.randrange(8 * begin, 8 * end)}")
        return found

    def attempt(self, what, box):
        name, bit = what.split(":")
        one, _, logits = self.programs[name]
        changed = bytearray(one)
        changed[int(bit) // 8] ^= 1 << int(bit) % 8
        program = os.path.join(box, "program")
        write(program, changed)
        os.chmod(program, 0o755)
        result = run([program, "infer", "--input", self.shop.x, "--output", "out"], box, self.shop.env)
        survived(result, [OK, MISMATCH])
        if result.status == OK and read(os.path.join(box, "out")) != logits:
            raise Lost("other logits without a word")
