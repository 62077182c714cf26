"""Objects of all kinds, made and dropped: trees, dictionaries, text, JSON."""
import json
import random

random.seed(1)


def tree(depth):
    return (tree(depth - 1), tree(depth - 1)) if depth else ()


def nodes(node):
    return 1 + sum(nodes(child) for child in node)


checked = sum(nodes(tree(depth)) for depth in range(4, 16))
people = [{"name": f"person {n}", "age": n % 90, "tags": [f"tag{n % k}" for k in range(1, 9)]} for n in range(12000)]
text = json.dumps(people)
again = json.loads(text)
by_age = {}
for person in again:
    by_age.setdefault(person["age"], []).append(person["name"].upper())
words = [random.choice(text.split()) + str(n) for n in range(60)]
counted = {}
for word in text.split():
    counted[word] = counted.get(word, 0) + 1
lines = "".join(f"{age}: {', '.join(names)}\n" for age, names in sorted(by_age.items()))
assert again == people and checked == sum(2 ** (depth + 1) - 1 for depth in range(4, 16)) and len(lines) > 100000
