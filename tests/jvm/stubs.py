#!/usr/bin/env python3
"""stubs.py SHAPES: native methods of that many random shapes in C, always the same ones, each with its caller. A callee says
which of its arguments is not what its caller passed, a caller whether the result is what its callee returned."""
import random
import sys

TYPES = {"Z": "jboolean", "B": "jbyte", "C": "jchar", "S": "jshort", "I": "jint", "J": "jlong", "F": "jfloat", "D": "jdouble",
         "Ljava/lang/Object;": "jobject", "[J": "jlongArray"}


def value(kind, number):
    """One that no other argument has, negative where it may be."""
    if kind == "Z":
        return str(number % 2)
    if kind in "CBS":
        return str({"C": 65000, "B": -100, "S": -30000}[kind] + number)
    if kind == "I":
        return f"{-2000000000 + number}"
    if kind == "J":
        return f"INT64_C({-(1 << 60) + number})"
    if kind in "FD":
        return f"{-number - 1}.5" + ("f" if kind == "F" else "")
    return f"(jobject){1000 + number}"


dice = random.Random(1)
shapes = []
for index in range(int(sys.argv[1])):
    # Every number of arguments comes, and runs of one kind, so that each register and what lies behind the last one is used.
    count = index % 22
    few = dice.sample(list(TYPES), dice.choice([1, 2, 3, len(TYPES)]))
    kinds = [dice.choice(few) for _ in range(count)]
    result = dice.choice(["V", *TYPES])
    shapes.append((index, kinds, result))
for index, kinds, result in shapes:
    ctype = TYPES.get(result, "void")
    declared = ", ".join(["JNIEnv *env", "jobject self", *(f"{TYPES[kind]} a{i}" for i, kind in enumerate(kinds))])
    print(f"static {ctype} callee{index}({declared})\n{{\n    begins({index}, env, self);")
    for i, kind in enumerate(kinds):
        print(f"    if (a{i} != {value(kind, i)})\n        wrong({index}, {i});")
    print("" if result == "V" else f"    return {value(result, 30)};\n", end="")
    passed = ", ".join(["env", "SELF", *(value(kind, i) for i, kind in enumerate(kinds))])
    types = ", ".join(["JNIEnv *", "jobject", *(TYPES[kind] for kind in kinds)])
    print(f"}}\nstatic bool caller{index}(JNIEnv *env, void *entry)\n{{")
    call = f"(({ctype} (*)({types}))entry)({passed})"
    print(f"    {call};\n    return true;" if result == "V" else f"    return {call} == {value(result, 30)};")
    print("}")
print("static const struct shape shapes[] = {")
for index, kinds, result in shapes:
    print(f'    {{ "({"".join(kinds)}){result}", (void *)callee{index}, caller{index} }},')
print("};")
