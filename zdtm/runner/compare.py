"""The differences between two snapshots of a tree, in words."""

SHOWN = 12


def difference_of_tasks(before, after):
    """Two {(tid, field): text}; a task that is gone or new is one difference, not one for each of its fields."""
    old, new = {tid for tid, _ in before}, {tid for tid, _ in after}
    yield from (f'task {tid} is gone' for tid in sorted(old - new))
    yield from (f'task {tid} is new' for tid in sorted(new - old))
    both = old & new
    yield from difference_of_dicts('task', {key: text for key, text in before.items() if key[0] in both},
                                   {key: text for key, text in after.items() if key[0] in both})


def difference_of_dicts(what, before, after):
    for key in sorted(before.keys() | after.keys(), key=str):
        name = f'{what} {key}' if not isinstance(key, tuple) else f'task {key[0]} {key[1]}'
        if key not in after:
            yield f'{name}: was {shorten(before[key])!r}, is gone'
        elif key not in before:
            yield f'{name}: is new: {shorten(after[key])!r}'
        elif before[key] != after[key]:
            yield f'{name}: was {shorten(before[key])!r}, is {shorten(after[key])!r}'


def shorten(text):
    return text if len(text) <= 300 else text[:300] + '...'


def difference_of_maps(pid, before, after):
    gone, new = set(before) - set(after), set(after) - set(before)
    for line in before:
        if line in gone:
            yield f'pid {pid} mapping is gone: {line}'
    for line in after:
        if line in new:
            yield f'pid {pid} mapping is new:  {line}'


def differences(before, after):
    """Two snapshots (state.snapshot) -> list of differences, empty when they are the same."""
    result = []
    for pid in sorted(before.keys() | after.keys()):
        if pid not in after:
            result.append(f'pid {pid} is gone')
        elif pid not in before:
            result.append(f'pid {pid} is new')
        else:
            old, new = before[pid], after[pid]
            result += difference_of_tasks(old.status, new.status)
            result += difference_of_dicts(f'pid {pid} fd', old.fds, new.fds)
            result += difference_of_maps(pid, old.maps, new.maps)
    if len(result) > SHOWN:
        result[SHOWN:] = [f'... and {len(result) - SHOWN} more']
    return result
