"""What the injector recorded of a command, and the files that are left when the machine or the process ends at any point of it."""
import ctypes, hashlib, os, random

BLOCK = 65536
ZEROS = bytes(BLOCK)
SECTOR = 512
PAGE = 4096
KEEP_SIZE, PUNCH = 1, 2
COUNTED = {'write', 'truncate', 'flush', 'rename', 'unlink', 'link', 'time', 'allocate', 'failed'}
libc = ctypes.CDLL(None, use_errno=True)
libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]


def punch(file, offset, length):
    if libc.fallocate(file, KEEP_SIZE | PUNCH, offset, length) != 0:
        os.pwrite(file, bytes(length), offset)


class Operation:
    def __init__(self, words, data):
        self.kind, self.words, self.data = words[0], words[1:], data

    @property
    def is_counted(self):
        return self.kind in COUNTED or self.kind == 'open' and bool(int(self.words[1]) & (os.O_CREAT | 0x400000))


def read_log(path):
    operations = []
    with open(path, 'rb') as file:
        while line := file.readline():
            words = line[:-1].decode('utf8', 'surrogateescape').split('\t')
            data = file.read(int(words[3])) if words[0] == 'write' else None
            operations.append(Operation(words, data))
    return operations


def points(operations):
    """Every place where a process can be killed: before each operation, after the last one, and in the middle of each write of two sectors or more."""
    counted = [o for o in operations if o.is_counted]
    for at in range(len(counted) + 1):
        yield at, False
        if at < len(counted) and counted[at].kind == 'write' and len(counted[at].data) >= 2 * SECTOR:
            yield at, True


def write_sparse(file, block, offset):
    """Holes stay holes: whether a command finds room allocated decides what it does."""
    for at in range(0, len(block), PAGE):
        page = block[at:at + PAGE]
        if page.strip(b'\0'):
            os.pwrite(file, page, offset + at)
        else:
            punch(file, offset + at, len(page))


class File:
    """A file of the host: what was done to its content, and what of that a flush has made durable."""

    def __init__(self, handle, is_new, mode=0o600):
        self.handle, self.is_new, self.mode = handle, is_new, mode
        self.actions, self.durable, self.time = [], 0, 0

    def add(self, time, *action):
        self.actions.append(action)
        self.time = time


def materialise(operations, at, torn, scratch, drop=None):
    """
    Carries out the operations before the one numbered `at` (half of that one when `torn`) on the real files. With `drop`, a random number generator, the machine lost power: of what was
    not flushed, sectors, lengths and names are lost or kept at random.
    """
    names, files, opened, changes, flushed, gone = {}, {}, {}, [], 0, set()

    def existing(path):
        if path not in names and path not in gone and os.path.isfile(path):
            files[path] = names[path] = File(os.open(path, os.O_RDWR), False)
        return names.get(path)

    count = 0
    for operation in operations:
        words = operation.words
        if operation.is_counted:
            if count == at:
                if torn and operation.kind == 'write':
                    half = len(operation.data) // 2 // SECTOR * SECTOR
                    opened[words[0]].add(int(words[3]), 'write', int(words[1]), operation.data[:half])
                break
            count += 1
        kind = operation.kind
        if kind == 'directory':
            os.makedirs(words[0], int(words[1], 8), exist_ok=True)
        elif kind == 'open':
            identity, flags, mode, path = words[0], int(words[1]), int(words[2], 8), words[3]
            if os.path.isdir(path) and not flags & 0x400000:
                opened[identity] = path
            elif flags & 0x400000:
                opened[identity] = File(os.open(scratch, os.O_RDWR | os.O_TMPFILE, 0o600), True, mode)
            else:
                file = existing(path)
                if file is None and flags & os.O_CREAT:
                    file = File(os.open(scratch, os.O_RDWR | os.O_TMPFILE, 0o600), True, mode)
                    names[path] = file
                    changes.append(('add', path, file))
                elif file is not None and flags & os.O_TRUNC:
                    file.add(0, 'truncate', 0)
                opened[identity] = file
        elif kind == 'write':
            opened[words[0]].add(int(words[3]), 'write', int(words[1]), operation.data)
        elif kind == 'truncate':
            opened[words[0]].add(int(words[2]), 'truncate', int(words[1]))
        elif kind == 'allocate':
            opened[words[0]].add(int(words[4]), 'allocate', int(words[1]), int(words[2]), int(words[3]))
        elif kind == 'time':
            time = int(words[1]) * 1_000_000_000 + int(words[2])
            opened[words[0]].add(time, 'time', time)
        elif kind == 'flush':
            target = opened[words[0]]
            if isinstance(target, str):
                flushed = len(changes)  # of the folder; the names of one test lie on one file system, whose journal is one
            else:
                target.durable = len(target.actions)
        elif kind == 'rename':
            file = existing(words[0])
            del names[words[0]]
            gone.add(words[0])
            names[words[1]] = file
            changes.append(('rename', words[0], words[1], file))
        elif kind == 'unlink':
            existing(words[0])
            del names[words[0]]
            gone.add(words[0])  # what is carried out at the end lies there still
            changes.append(('remove', words[0]))
        elif kind == 'link':
            file = opened[words[0]] if words[0] != '-1' else existing(words[1])
            names[words[-1]] = file
            changes.append(('add', words[-1], file))

    kept = changes
    if drop is not None:
        late = changes[flushed:]
        late = late[:drop.randrange(len(late) + 1)] if drop.randrange(2) else [c for c in late if drop.randrange(2)]
        kept = changes[:flushed] + late
    final = dict(files)
    for change in kept:
        if change[0] == 'add':
            final[change[1]] = change[2]
        elif change[0] == 'rename':
            if final.get(change[1]) is change[3]:
                del final[change[1]]
                final[change[2]] = change[3]
        else:
            final.pop(change[1], None)

    everything = {id(f): f for f in [*files.values(), *opened.values(), *names.values(), *final.values()] if isinstance(f, File)}
    for file in everything.values():
        carry_out(file, drop)
    root = os.open('/', os.O_RDONLY)  # os.link follows a link only when it is given a folder
    for path, file in final.items():
        if file is not files.get(path):
            new = f'{scratch}/new-{os.getpid()}'
            os.link(f'/proc/self/fd/{file.handle}', new, src_dir_fd=root, follow_symlinks=True)
            os.rename(new, path)
    for path, file in files.items():
        if path not in final:
            os.unlink(path)
    os.close(root)
    for file in everything.values():
        os.close(file.handle)


def carry_out(file, drop):
    if file.is_new:
        os.fchmod(file.handle, file.mode & ~0o022)
    for number, action in enumerate(file.actions):
        unsafe = drop is not None and number >= file.durable
        if action[0] == 'write':
            _, offset, data = action
            if not unsafe:
                os.pwrite(file.handle, data, offset)
                continue
            position = 0
            while position < len(data):  # the medium takes whole sectors, in any order
                count = min(len(data) - position, SECTOR - (offset + position) % SECTOR)
                if drop.randrange(2):
                    os.pwrite(file.handle, data[position:position + count], offset + position)
                position += count
        elif unsafe and not drop.randrange(3):
            continue
        elif action[0] == 'truncate':
            os.ftruncate(file.handle, action[1])
        elif action[0] == 'allocate':
            libc.fallocate(file.handle, action[1], action[2], action[3])
        else:
            os.utime(file.handle, ns=(action[1], action[1]))
    if file.time and (drop is None or file.durable == len(file.actions)):
        os.utime(file.handle, ns=(file.time, file.time))


def content(path):
    """Length and blocks that are not zero."""
    file = os.open(path, os.O_RDONLY)
    try:
        size, blocks, at = os.fstat(file).st_size, {}, 0
        while at < size:
            try:
                start = os.lseek(file, at, os.SEEK_DATA)
            except OSError:
                break
            end = os.lseek(file, start, os.SEEK_HOLE)
            for at in range(start // BLOCK * BLOCK, end, BLOCK):
                block = os.pread(file, BLOCK, at)
                if block != (ZEROS if len(block) == BLOCK else bytes(len(block))):
                    blocks[at] = block
            at = (end + BLOCK - 1) // BLOCK * BLOCK
        return size, blocks
    finally:
        os.close(file)


def digest(path):
    """A hash of length and content."""
    file = os.open(path, os.O_RDONLY)
    try:
        size, at, buffer = os.fstat(file).st_size, 0, bytearray(BLOCK)
        result = hashlib.sha256(str(size).encode())
        while at < size:
            try:
                start = os.lseek(file, at, os.SEEK_DATA)
            except OSError:
                break
            end = os.lseek(file, start, os.SEEK_HOLE)
            for at in range(start // BLOCK * BLOCK, end, BLOCK):
                count = os.preadv(file, [buffer], at)
                if count < BLOCK:
                    buffer[count:] = bytes(BLOCK - count)
                if buffer != ZEROS:
                    result.update(at.to_bytes(8, 'little'))
                    result.update(buffer)
            at = (end + BLOCK - 1) // BLOCK * BLOCK
        return result.hexdigest()
    finally:
        os.close(file)


class Snapshot:
    """Folders as they were, to be restored again and again. Files that still exist keep their identity, as they do when a command is killed and run again."""

    def __init__(self, *folders):
        self.files, self.folders = {}, folders
        for path in self.walk():
            status = os.stat(path)
            self.files[path] = (status.st_mode & 0o7777, status.st_mtime_ns, content(path))

    def walk(self):
        for folder in self.folders:
            for parent, _, names in os.walk(folder):
                for name in names:
                    yield os.path.join(parent, name)

    def restore(self, exact=False):
        """With `exact`, holes are where the content is zero and nowhere else: they decide what a command does, so every run of it starts from the same ones."""
        for path in list(self.walk()):
            if path not in self.files:
                os.unlink(path)
        for path, (mode, time, (size, blocks)) in self.files.items():
            is_new = not os.path.exists(path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            file = os.open(path, os.O_RDWR | os.O_CREAT, mode)
            if exact:
                os.ftruncate(file, 0)
            if os.fstat(file).st_size != size:
                os.ftruncate(file, size)
            _, found = (0, {}) if is_new or exact else content(path)
            for at, block in blocks.items():
                if found.get(at) != block:
                    write_sparse(file, block, at)
            for at in found:
                if at not in blocks and at < size:
                    punch(file, at, min(BLOCK, size - at))
            os.fchmod(file, mode)
            os.utime(file, ns=(time, time))
            os.close(file)


def rng(*seed):
    return random.Random(repr(seed))
