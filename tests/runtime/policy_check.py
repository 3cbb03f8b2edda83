"""AutoAugment's policy for CIFAR and RandAugment against Pillow, with the runtime's random numbers drawn again here.

usage: policy_check.py DUMP
"""
import math, os, subprocess, sys, tempfile

try:
    import numpy as np
    from PIL import Image, ImageEnhance, ImageOps
except ImportError as missing:
    print("skipped:", missing)
    sys.exit(77)

# torchvision.transforms.AutoAugmentPolicy.CIFAR10
POLICY = """
Invert 0.1 - Contrast 0.2 6; Rotate 0.7 2 TranslateX 0.3 9; Sharpness 0.8 1 Sharpness 0.9 3; ShearY 0.5 8 TranslateY 0.7 9;
AutoContrast 0.5 - Equalize 0.9 -; ShearY 0.2 7 Posterize 0.3 7; Color 0.4 3 Brightness 0.6 7; Sharpness 0.3 9 Brightness 0.7 9;
Equalize 0.6 - Equalize 0.5 -; Contrast 0.6 7 Sharpness 0.6 5; Color 0.7 7 TranslateX 0.5 8; Equalize 0.3 - AutoContrast 0.4 -;
TranslateY 0.4 3 Sharpness 0.2 6; Brightness 0.9 6 Color 0.2 8; Solarize 0.5 2 Invert 0.0 -; Equalize 0.2 - AutoContrast 0.6 -;
Equalize 0.2 - Equalize 0.6 -; Color 0.9 9 Equalize 0.6 -; AutoContrast 0.8 - Solarize 0.2 8; Brightness 0.1 3 Color 0.7 0;
Solarize 0.4 5 AutoContrast 0.9 -; TranslateY 0.9 9 TranslateY 0.7 9; AutoContrast 0.9 - Solarize 0.8 3; Equalize 0.8 - Invert 0.1 -;
TranslateY 0.7 9 AutoContrast 0.9 -"""
SIDE = 32


def magnitudes(bins):
    """_augmentation_space; True: the sign is drawn."""
    move = np.linspace(0.0, 150.0 / 331.0 * SIDE, bins)
    enhance = np.linspace(0.0, 0.9, bins)
    return {
        "Identity": (np.zeros(bins), False),
        "ShearX": (np.linspace(0.0, 0.3, bins), True),
        "ShearY": (np.linspace(0.0, 0.3, bins), True),
        "TranslateX": (move, True),
        "TranslateY": (move, True),
        "Rotate": (np.linspace(0.0, 30.0, bins), True),
        "Brightness": (enhance, True),
        "Color": (enhance, True),
        "Contrast": (enhance, True),
        "Sharpness": (enhance, True),
        "Posterize": (8 - (np.arange(bins) / ((bins - 1) / 4)).round(), False),
        "Solarize": (np.linspace(255.0, 0.0, bins), False),
        "AutoContrast": (np.zeros(bins), False),
        "Equalize": (np.zeros(bins), False),
        "Invert": (np.zeros(bins), False),
    }


def apply(image, name, m):
    """_apply_op, on Pillow images."""
    affine = lambda *matrix: image.transform(image.size, Image.AFFINE, matrix, Image.NEAREST)
    operations = {
        "Identity": lambda: image,
        "ShearX": lambda: affine(1, math.tan(math.atan(m)), 0, 0, 1, 0),
        "ShearY": lambda: affine(1, 0, 0, math.tan(math.atan(m)), 1, 0),
        "TranslateX": lambda: affine(1, 0, -int(m), 0, 1, 0),
        "TranslateY": lambda: affine(1, 0, 0, 0, 1, -int(m)),
        "Rotate": lambda: image.rotate(m, Image.NEAREST),
        "Brightness": lambda: ImageEnhance.Brightness(image).enhance(1 + m),
        "Color": lambda: ImageEnhance.Color(image).enhance(1 + m),
        "Contrast": lambda: ImageEnhance.Contrast(image).enhance(1 + m),
        "Sharpness": lambda: ImageEnhance.Sharpness(image).enhance(1 + m),
        "Posterize": lambda: ImageOps.posterize(image, int(m)),
        "Solarize": lambda: ImageOps.solarize(image, m),
        "AutoContrast": lambda: ImageOps.autocontrast(image),
        "Equalize": lambda: ImageOps.equalize(image),
        "Invert": lambda: ImageOps.invert(image),
    }
    return operations[name]()


class Draws:
    """Philox 4x32-10, keyed by seed, epoch, sample and stream."""

    def __init__(self, seed, epoch, sample, stream):
        self.key, self.rest, self.next = (seed & 0xFFFFFFFF, seed >> 32), (epoch, sample, stream), 0

    def bits(self):
        c, (k0, k1) = [self.next, *self.rest], self.key
        self.next += 1
        for _ in range(10):
            a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
            c = [(b >> 32) ^ c[1] ^ k0, b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ k1, a & 0xFFFFFFFF]
            k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
        return c[0] << 32 | c[1]

    def below(self, count):
        return self.bits() * count >> 64

    def real(self):
        return (self.bits() >> 11) * 2.0**-53


def auto_augment(image, draws, seen):
    words = POLICY.split(";")[draws.below(25)].split()
    chances, signs = [draws.real(), draws.real()], [draws.below(2), draws.below(2)]
    for i in range(2):
        name, probability, level = words[3 * i : 3 * i + 3]
        if chances[i] <= float(probability):
            values, signed = magnitudes(10)[name]
            m = float(values[int(level)]) if level != "-" else 0.0
            image = apply(image, name, -m if signed and signs[i] == 0 else m)
            seen.add(name)
    return image


def rand_augment(image, draws, seen, operations=3, magnitude=9):
    for _ in range(operations):
        space = magnitudes(31)
        del space["Invert"]
        name = list(space)[draws.below(len(space))]
        values, signed = space[name]
        negative = draws.below(2) == 1
        m = float(values[magnitude])
        image = apply(image, name, -m if signed and negative else m)
        seen.add(name)
    return image


def check(dump, folder, pixels, flags, stream, policy, wanted):
    seen = set()
    for epoch in range(4):
        out = os.path.join(folder, "out")
        subprocess.run([dump, folder, "train", "3,32,32", "0", "10", out, f"augment={flags}", "seed=12345678901", f"epoch={epoch}"], check=True, stdout=subprocess.DEVNULL)
        got = np.load(out + ".x.npy")[0]  # [N, H, W, C]
        got = np.rint(got * 255).astype(np.uint8)
        for sample, picture in enumerate(pixels):
            image = Image.fromarray(np.ascontiguousarray(picture.transpose(1, 2, 0)))
            expected = np.asarray(policy(image, Draws(12345678901, epoch, sample, stream), seen))
            different = (expected != got[sample]).any(-1).sum()
            assert different == 0, (flags, epoch, sample, different)
    assert len(seen) == wanted, seen
    print(f"{flags}: {len(seen)} operations")


with tempfile.TemporaryDirectory() as folder:
    rng = np.random.default_rng(5)
    pixels = rng.integers(0, 256, [100, 3, SIDE, SIDE]).astype("u1")
    pixels[50:] = np.clip(rng.normal(110, 25, [50, 3, SIDE, SIDE]), 0, 255).astype("u1")  # where contrast has something to do
    for i in range(5):
        with open(f"{folder}/data_batch_{i + 1}.bin", "wb") as file:
            file.write(b"".join(b"\1" + p.tobytes() for p in pixels[20 * i : 20 * i + 20]))
    with open(folder + "/test_batch.bin", "wb") as file:
        file.write(b"\1" + pixels[0].tobytes())
    os.environ["RVB_CACHE_DIR"] = folder + "/cache"
    check(sys.argv[1], folder, pixels, "auto_augment", 20, auto_augment, 13)
    check(sys.argv[1], folder, pixels, "rand_augment=3", 21, rand_augment, 14)
