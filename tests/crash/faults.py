#!/usr/bin/env python3
"""What the host can do to a run of offlinepatch, with the real program: errors of every operation, signals, other programs, odd places, undo files of others.

  errors    each operation of `reg import` (and every --every-th of `fix`) fails with ENOSPC or EIO, once or from then on; 25 error numbers at places of every kind; reads that fail;
            short and interrupted transfers. Exit code 5 and the old image, or success and the new one; `recover` and `undo --all` lead to the original bytes
  signals   six signals at operations from the first to the last: old or new, and how long the program needs to end
  stopped   while a change is stopped in the middle, second runs under the same name, a link, a hard link and another mount write nothing
  places    a full file system, read-only mounts, block devices, hard links, odd names, every umask, no TMPDIR, no environment
  undo      undo files that are missing, cut, edited, of another image, of an older version, links, pipes, directories: no command writes anything but a proven way back
  exports   after an interrupted `fix`, another export of the machine takes the image's place, with one of 12 kinds of small change: refused, and not a byte of it changed

  faults.py PROGRAM FIXTURES [--formats raw,qcow2] [--parts errors,signals] [--every N]
Prints one line per kind and the sum; exits 1 when anything failed. What needs root is left out, aloud, without it."""
import argparse, errno, os, random, shutil, signal, subprocess, sys, tempfile, time
import crash, replay

PARTS = ['errors', 'signals', 'stopped', 'places', 'undo', 'exports']
ERRNOS = ['EPERM', 'EACCES', 'EROFS', 'EDQUOT', 'EFBIG', 'ENOSPC', 'EIO', 'ESTALE', 'EAGAIN', 'ENOMEM', 'EOPNOTSUPP', 'EINVAL', 'EBADF', 'ENXIO', 'ETXTBSY', 'EBUSY', 'ENOENT', 'EXDEV',
          'ENAMETOOLONG', 'ENOTDIR', 'EISDIR', 'ELOOP', 'EMFILE', 'ENETDOWN', 'EREMOTEIO']
is_root = os.geteuid() == 0


def failure(code, out, error):
    """What no run may ever do."""
    text = out + error
    if 'CLI-0004' in text or '\n   at ' in text:
        return 'an internal error: ' + text[:300]
    if code not in (0, 1, 2, 3, 4, 5, 6, 130):
        return f'ended with {code}: {text[:300]}'
    return None


class Faults(crash.Bench):
    def __init__(self, options, work):
        options.minutes = options.power = options.real = 0
        super().__init__(options, work)
        self.sums = {}

    def check(self, kind, place, problem):
        done, bad = self.sums.get(kind, (0, 0))
        self.sums[kind] = (done + 1, bad + bool(problem))
        if problem:
            print(f'  {kind}, {place}: {problem}', flush=True)

    def start(self, name):
        """An image in a format, its two states, and what `reg import` does to its files."""
        self.image = self.prepare(name)
        crash.must(self.program, *self.command('reg', self.image, []))
        crash.must(self.program, 'undo', self.image)
        self.original, self.before = self.state(), self.snapshot()

    def after(self, command):
        self.before.restore(exact=True)
        operations = self.record(command)
        changed = self.state()
        return operations, changed

    def judge_fault(self, result, changed, once):
        """After a run in which the host failed, and now works again."""
        code, out, error = result
        now, problem = self.state(), failure(*result)
        if problem:
            return problem
        if code in (0, 3) and now != changed:
            return f'success ({code}), and not the new image'
        if code not in (0, 3) and now != self.original and 'CORE-0021' not in out + error and 'CORE-0026' not in out + error:
            return f'{code}, and not the old image: {(out + error)[:300]}'
        if code not in (0, 3, 4, 5, 6) and not (code == 2 and once):
            return f'{code}: {(out + error)[:300]}'
        answer = self.judge.recover(self.image, False)
        if not answer.startswith('ok') or self.state() not in (self.original, changed):
            return f'recover: {answer}'
        if self.state() != self.original:
            answer = self.judge.undo_all(self.image, [], False)
        if self.state() != self.original:
            return f'the original bytes are lost: {answer}'
        return None

    def errors(self, name):
        self.start(name)
        for what in ('reg', 'fix'):
            command = self.command(what, self.image, [])
            operations, changed = self.after(command)
            total = sum(o.is_counted for o in operations)
            step = self.options.every * (1 if what == 'reg' else 4)
            for number in (errno.ENOSPC, errno.EIO):
                for times in ('1', '0'):
                    for at in range(0, total, step):
                        self.before.restore()
                        result = self.program_run(command, CRASH_AT=str(at), CRASH_ERROR=str(number), CRASH_TIMES=times)
                        self.check('errors of an operation', f'{name} {what} {errno.errorcode[number]} at {at}, times {times}', self.judge_fault(result, changed, True))
            if what == 'fix':
                continue
            firsts = {}
            for at, operation in enumerate(o for o in operations if o.is_counted):
                firsts.setdefault(operation.kind, []).append(at)
            places = sorted({at for kind in firsts.values() for at in (kind[0], kind[len(kind) // 2], kind[-1])})[::self.options.every]
            for text in ERRNOS:
                for at in places:
                    for times in ('1', '0'):
                        self.before.restore()
                        result = self.program_run(command, CRASH_AT=str(at), CRASH_ERROR=str(getattr(errno, text)), CRASH_TIMES=times)
                        self.check('error numbers', f'{name} {text} at {at}, times {times}', self.judge_fault(result, changed, True))
            for at in list(range(0, 200, 23 * self.options.every)) + list(range(200, 1400, 97 * self.options.every)):
                self.before.restore()
                result = self.program_run(command, CRASH_READ=str(at), CRASH_ERROR=str(errno.EIO))
                self.check('reads that fail', f'{name} read {at}', self.judge_fault(result, changed, True))
            for settings in (dict(CRASH_SHORT='1'), dict(CRASH_EINTR='1'), dict(CRASH_SHORT='1', CRASH_EINTR='1')):
                self.before.restore()
                code, out, error = self.program_run(command, **settings)
                problem = None if code == 0 and self.state() == changed else f'{code}: {(out + error)[:300]}'
                code, out, error = self.program_run(['undo', self.image], **settings)
                problem = problem or (None if code == 0 and self.state() == self.original else f'undo {code}: {(out + error)[:300]}')
                self.check('short and interrupted transfers', f'{name} {settings}', problem)

    def signals(self, name):
        self.start(name)
        command = self.command('fix', self.image, [])
        operations, changed = self.after(command)
        total = sum(o.is_counted for o in operations)
        slowest = 0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE, signal.SIGUSR1):
            for at in sorted({*range(0, total, 5 * self.options.every), *range(total - 8, total, self.options.every)}):
                self.before.restore()
                began = time.time()
                code, out, error = self.program_run(command, CRASH_AT=str(at), CRASH_SIGNAL=str(int(number)))
                now, problem = self.state(), None
                left = [n for n in os.listdir(self.live) if 'offlinepatch' in n]
                if 'CLI-0004' in out + error:
                    problem = 'an internal error'
                elif code == 130 and (now != self.original or left):
                    problem = f'cancelled, and something was done: {left}'
                elif code in (0, 3) and now != changed:
                    problem = f'{code}, and not the new image'
                elif number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) and now not in (self.original, changed):
                    problem = 'half written'
                answer = self.judge.recover(self.image, False)
                if not answer.startswith('ok') or self.state() not in (self.original, changed):
                    problem = problem or f'recover: {answer}'
                self.check('signals at an operation', f'{name} {number.name} at {at}', problem)
        # In front of the commit, at moments of the clock: how long until the process ends.
        for i in range(max(2, 12 // self.options.every)):
            self.before.restore()
            process = subprocess.Popen([self.program, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            time.sleep(0.05 + i * 0.03)
            began = time.time()
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
            took = time.time() - began
            problem = None
            if process.returncode in (130, 143, -15):
                slowest = max(slowest, took)
                problem = None if self.state() == self.original and not [n for n in os.listdir(self.live) if 'offlinepatch' in n] else 'a trace is left'
            elif process.returncode not in (0, 3) or self.state() != changed:
                problem = f'{process.returncode}'
            self.check('signals at a moment', f'{name} {i}', problem)
        print(f'  {name}: after SIGTERM before the commit, the slowest run ended within {slowest * 1000:.0f} ms', flush=True)

    def stopped(self, name):
        self.start(name)
        command = self.command('fix', self.image, [])
        operations, changed = self.after(command)
        total = sum(o.is_counted for o in operations)
        others = [self.image]
        if name in ('raw', 'qcow2'):
            os.symlink(self.image, self.work + '/symbolic')
            others.append(self.work + '/symbolic')
        for at in (1, total * 3 // 4):
            self.before.restore()
            if name in ('raw', 'qcow2'):
                if os.path.exists(self.work + '/hard'):
                    os.unlink(self.work + '/hard')
                os.link(self.image, self.work + '/hard')
                others = [*others[:2], self.work + '/hard']
            process = subprocess.Popen([self.program, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       env=dict(os.environ, LD_PRELOAD=self.injector, CRASH_FOLDER=self.work, CRASH_AT=str(at), CRASH_STOP='1'))
            while open(f'/proc/{process.pid}/stat').read().rsplit(')', 1)[1].split()[0] != 'T':
                if process.poll() is not None:
                    sys.exit(f'the run ended: {process.communicate()}')
                time.sleep(0.05)
            state = self.state()
            for other in others:
                for second in (['fix', other, '--only', 'network.*'], ['check', other, '--only', 'network.*'], ['recover', other], ['undo', other], ['fs', 'put', other, __file__, 'Windows/']):
                    result = crash.run(self.program, *second)
                    problem = failure(*result)
                    if self.state() != state:
                        problem = 'it wrote'
                    elif second[0] != 'check' and result[0] == 0:
                        problem = f'it ran: {result[1][:200]}'
                    self.check('second runs', f'{name} stopped at {at}, {second[0]} {os.path.basename(other)}', problem)
            process.send_signal(signal.SIGCONT)
            process.communicate(timeout=300)
            self.check('second runs', f'{name} stopped at {at}, the first run', None if process.returncode in (0, 3) and self.state() == changed else f'{process.returncode}')
            answer = self.judge.undo_all(self.image, [], False)
            self.check('second runs', f'{name} stopped at {at}, undo', None if self.state() == self.original else answer)
        for path in (self.work + '/symbolic', self.work + '/hard'):
            if os.path.lexists(path):
                os.unlink(path)

    def places(self, _):
        self.start('raw')
        folder = self.work + '/places'
        os.makedirs(folder)
        base, digest = self.base + '/m.raw', replay.digest(self.base + '/m.raw')

        def fresh(path):
            crash.must('cp', '--sparse=always', base, path)
            return path

        def whole(kind, path, *options, env=None, cwd=None, real=None):
            """A change, the reader that sees it, and the undo."""
            problem, real = None, real or path
            for command, good in ((['fix', *options, '--only', 'network.*', '--', path], True), (['check', '--only', 'network.*', '--', path], True), (['undo', '--', path], False)):
                code, out, error = crash.run(self.program, *command, env=env, cwd=cwd)
                problem = problem or failure(code, out, error) or (f'{command[0]}: {code} {(out + error)[:200]!r}' if code not in (0, 3) else None)
                if command[0] == 'fix' and replay.digest(real) == digest:
                    problem = problem or 'nothing was changed'
                if '\x1b' in out + error or '\nline.raw' in out:
                    problem = problem or 'a name drives the terminal'
            if replay.digest(real) != digest:
                problem = problem or 'undo does not give the original'
            self.check(kind, repr(path[-40:]), problem)

        for name in ['with space.raw', 'new\nline.raw', 'üñí✓.raw', 'esc\x1b[31mred.raw', '-o', '--help', '@file', '[bold]x.raw', '"q".raw', 'a;b$(x).raw', '*.raw', 'n' * 220 + '.raw', ' ', '...']:
            path = fresh(os.path.join(folder, name))
            whole('odd names', name, cwd=folder, real=path)
            os.unlink(path)
        path = fresh(folder + '/a.raw')
        for mask in ('077', '022', '000'):
            command = f"umask {mask}; exec '{self.program}' fix '{path}' --only 'network.*'"
            code, out, error = crash.run('/bin/sh', '-c', command)
            mode = os.stat(path + '.offlinepatch-undo').st_mode & 0o777
            crash.run(self.program, 'undo', path)
            self.check('umask', mask, None if code in (0, 3) and mode == 0o600 and replay.digest(path) == digest else f'{code} {mode:o} {error[:200]}')
        for env in (dict(TMPDIR='/nowhere'), dict(TMPDIR=path), dict(HOME='/nowhere'), dict(HOME=''), dict(TERM='dumb'), dict(LANG='C'), dict(LC_ALL='tr_TR.UTF-8')):
            whole('environments', path, env=env)
        code, out, error = crash.run('env', '-i', 'OFFLINEPATCH_STATE=' + self.work + '-state', self.program, 'fix', path, '--only', 'network.*')
        answer = crash.run('env', '-i', 'OFFLINEPATCH_STATE=' + self.work + '-state', self.program, 'undo', path)
        self.check('environments', 'none at all', None if code in (0, 3) and answer[0] == 0 and replay.digest(path) == digest else f'{code} {error[:200]} {answer}')

        # A fix through one name of a file, undone through another one.
        os.link(path, folder + '/hard.raw')
        os.symlink(path, folder + '/symbolic.raw')
        for first in ('a.raw', 'hard.raw', 'symbolic.raw'):
            for second in ('a.raw', 'hard.raw', 'symbolic.raw'):
                code, out, error = crash.run(self.program, 'fix', f'{folder}/{first}', '--only', 'network.*')
                answer = crash.run(self.program, 'undo', f'{folder}/{second}')
                self.check('links', f'fix {first}, undo {second}', None if code in (0, 3) and answer[0] == 0 and replay.digest(path) == digest else f'{code} {error[:200]} {answer}')
        if not is_root:
            print('  not root: block devices, mounts and full file systems are left out', flush=True)
            return
        self.mounts(folder, path, digest)

    def mounts(self, folder, path, digest):
        code, out, error = crash.run('losetup', '-f', '--show', path)
        if code == 0:
            device = out.strip()
            for command in (['inspect', device], ['fix', device], ['check', device], ['undo', device], ['recover', device], ['fs', 'ls', device], ['convert', device, '-o', folder + '/o.qcow2'],
                            ['fix', path, '--only', 'network.*']):
                result = crash.run(self.program, *command)
                problem = failure(*result) or ('it ran' if result[0] == 0 else None) or (None if replay.digest(path) == digest else 'it wrote')
                self.check('block devices', command[0], problem)
            crash.run('losetup', '-d', device)
        else:
            print(f'  no loop devices here: {error.strip()}', flush=True)
        mount = folder + '/mount'
        os.makedirs(mount)
        if crash.run('mount', '-t', 'tmpfs', '-o', 'size=200m', 'tmpfs', mount)[0] != 0:
            print('  no mounts here: read-only and full file systems are left out', flush=True)
            return
        try:
            crash.must('cp', '--sparse=always', path, mount + '/a.raw')
            image = mount + '/a.raw'
            crash.must('mount', '-o', 'remount,ro', mount)
            for command, codes in ((['check', '--only', 'network.*'], (0, 3)), (['inspect'], (0,)), (['fix', '--only', 'network.*'], (5,)), (['undo'], (4, 5)), (['recover'], (0, 5))):
                result = crash.run(self.program, *command, image)
                self.check('read-only mounts', command[0], failure(*result) or (None if result[0] in codes else f'{result[0]} {result[2][:200]}'))
            crash.must('mount', '-o', 'remount,rw', mount)
            # In the middle of a commit, the file system becomes one that cannot be written.
            for free in (0, 16, 64, 128, 256, 300, 400, 500, 600, 700, 800, 1000, 1500, 2000, 4000):
                for name in os.listdir(mount):
                    os.unlink(os.path.join(mount, name))
                crash.must('cp', '--sparse=always', path, image)
                left = os.statvfs(mount)
                room = left.f_bavail * left.f_frsize // 1024 - free
                crash.must('fallocate', '-l', f'{room}K', mount + '/fill')
                result = crash.run(self.program, *self.command('fix', image, []))
                problem = failure(*result)
                if result[0] in (0, 3):
                    problem = problem or (None if replay.digest(image) != digest else 'success, and nothing was changed')
                    answer = crash.run(self.program, 'undo', image)
                elif result[0] != 5 or replay.digest(image) != digest or 'CORE-0021' in result[1] + result[2]:
                    problem = problem or f'{result[0]}, image {"old" if replay.digest(image) == digest else "changed"}: {(result[1] + result[2])[-300:]}'
                if replay.digest(image) != digest or [n for n in os.listdir(mount) if 'offlinepatch' in n]:
                    problem = problem or f'something is left: {os.listdir(mount)}'
                self.check('full file systems', f'{free} KiB free', problem)
        finally:
            crash.run('umount', mount)

    def undo(self, name):
        self.start(name)
        command = self.command('reg', self.image, [])
        operations, changed = self.after(command)
        complete = self.snapshot()
        total = sum(o.is_counted for o in operations)
        self.build(self.before, operations, total * 3 // 4, True)
        applying = self.snapshot()
        undo = self.image + '.offlinepatch-undo'
        victim = self.work + '/victim'
        random_numbers = random.Random(11)

        def other_image():
            other = self.work + '/other.raw'
            crash.must('cp', '--sparse=always', self.base + '/m.raw', other)
            crash.must(self.program, *self.command('fs', other, []))
            content = open(other + '.offlinepatch-undo', 'rb').read()
            os.unlink(other)
            os.unlink(other + '.offlinepatch-undo')
            return content

        foreign = other_image()
        for label, snapshot in (('complete', complete), ('interrupted', applying)):
            snapshot.restore()
            good, half = open(undo, 'rb').read(), self.state()
            cases = {
                'missing': lambda: None,
                'empty': lambda: open(undo, 'wb').close(),
                'of another image': lambda: open(undo, 'wb').write(foreign),
                'with a tail': lambda: open(undo, 'wb').write(good + b'x' * 1000),
                'of version 1': lambda: open(undo, 'wb').write(good[:8] + (1).to_bytes(4, 'little') + good[12:]),
                'of version 2': lambda: open(undo, 'wb').write(good[:8] + (2).to_bytes(4, 'little') + good[12:]),
                'of version 4': lambda: open(undo, 'wb').write(good[:8] + (4).to_bytes(4, 'little') + good[12:]),
                'link to a file': lambda: os.symlink(victim, undo),
                'link to nothing': lambda: os.symlink(self.work + '/nothing', undo),
                'pipe': lambda: os.mkfifo(undo),
                'directory': lambda: os.mkdir(undo),
                'hard link': lambda: os.link(victim, undo),
                'two names': lambda: (open(victim + '2', 'wb').write(good), os.link(victim + '2', undo)),
                'writable by others': lambda: (open(undo, 'wb').write(good), os.chmod(undo, 0o666)),
                'new is a link': lambda: (open(undo, 'wb').write(good), os.symlink(victim, undo + '.new')),
                'pointer is a pipe': lambda: os.mkfifo(self.image + '.offlinepatch-undo-elsewhere'),
                'pointer to a victim': lambda: open(self.image + '.offlinepatch-undo-elsewhere', 'w').write(victim),
            }
            for size in (1, 511, 512, 513, 600, len(good) // 2, len(good) - 1):
                cases[f'cut to {size}'] = lambda size=size: open(undo, 'wb').write(good[:size])
            for _ in range(max(4, 40 // self.options.every)):
                at = random_numbers.choice((random_numbers.randrange(512), random_numbers.randrange(512, 700), random_numbers.randrange(len(good))))
                bit = 1 << random_numbers.randrange(8)
                cases[f'bit {bit} of byte {at} is wrong'] = lambda at=at, bit=bit: open(undo, 'wb').write(good[:at] + bytes([good[at] ^ bit]) + good[at + 1:])
            for case, make in cases.items():
                for what in ('inspect', 'check', 'fs', 'undo', 'recover', 'fix'):
                    for path in (undo, undo + '.new', self.image + '.offlinepatch-undo-elsewhere'):
                        if os.path.isdir(path) and not os.path.islink(path):
                            os.rmdir(path)
                        elif os.path.lexists(path):
                            os.unlink(path)
                    if os.path.exists(victim + '2'):
                        os.unlink(victim + '2')
                    snapshot.restore()
                    os.unlink(undo)
                    open(victim, 'w').write('precious' * 1000)
                    make()
                    arguments = {'fs': ['fs', 'ls', self.image, 'Windows'], 'fix': ['fix', self.image, '--only', 'network.*']}.get(what, [what, self.image])
                    began = time.time()
                    result = crash.run(self.program, *arguments)
                    problem = failure(*result)
                    now = self.state()
                    if open(victim).read() != 'precious' * 1000:
                        problem = 'the victim was written'
                    elif what in ('inspect', 'check', 'fs') and now != half:
                        problem = 'a reader wrote'
                    elif what in ('undo', 'recover') and now not in (half, self.original):
                        problem = 'neither what it was nor the original'
                    elif what == 'fix' and result[0] not in (0, 3) and now not in (half, self.original):
                        problem = 'a fix that failed wrote'
                    self.check('undo files', f'{name} {label} {case}, {what}', problem)
        for path in (victim, victim + '2', undo, undo + '.new', self.image + '.offlinepatch-undo-elsewhere'):
            if os.path.isdir(path):
                os.rmdir(path)
            elif os.path.lexists(path):
                os.unlink(path)

    def exports(self, name):
        self.start(name)
        command = self.command('fix', self.image, [])
        operations, _ = self.after(command)
        total = sum(o.is_counted for o in operations)
        self.build(self.before, operations, total * 4 // 5, True)
        saved = {n: open(os.path.join(self.live, n), 'rb').read() for n in os.listdir(self.live) if 'offlinepatch' in n}
        big, files = self.work + '/big.reg', self.work + '/files'
        if not os.path.exists(big):
            content = random.Random(3)
            open(big, 'w').write('Windows Registry Editor Version 5.00\n\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Example]\n'
                                 + ''.join(f'"v{i}"=hex:' + ','.join('%02x' % content.randrange(256) for _ in range(3000)) + '\n' for i in range(40)))
            os.makedirs(files)
            for i in range(100):
                open(f'{files}/f{i}', 'w').write(f'{i}\n')
            open(self.work + '/ntoskrnl.exe', 'wb').write(content.randbytes(1536))
        system = 'HKLM\\SYSTEM\\CurrentControlSet'
        changes = {
            'nothing': None,
            'a computer name': ['reg', 'set', self.image, system + '\\Control\\ComputerName\\ComputerName', '-v', 'ComputerName', '-d', 'NEWNAME'],
            'one value in place': ['reg', 'set', self.image, 'HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion', '-v', 'RegisteredOwner', '-d', 'Bob'],
            'a hive that grew': ['reg', 'import', self.image, big],
            'one file more': ['fs', 'put', self.image, self.base + '/new.txt', 'Windows/'],
            '100 files more': ['fs', 'put', self.image, files, 'Windows/'],
            'a file replaced': ['fs', 'put', self.image, self.work + '/ntoskrnl.exe', 'Windows/System32/'],
            'a file less': ['fs', 'rm', self.image, 'Windows/System32/ntoskrnl.exe'],
            'network values': ['fix', self.image, '--only', 'network.*'],
            'a key less': ['reg', 'delete', self.image, system + '\\Services\\Tcpip'],
            'a value less': ['reg', 'delete', self.image, 'HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion', '-v', 'ProductName'],
            'a directory more': ['fs', 'mkdir', self.image, 'Windows/New'],
        }
        for change, how in changes.items():
            for path in os.listdir(self.live):
                os.unlink(os.path.join(self.live, path))
            self.before.restore()
            if how:
                crash.must(self.program, *how)
            for path in os.listdir(self.live):
                if 'offlinepatch' in path:
                    os.unlink(os.path.join(self.live, path))
            for path in saved:
                open(os.path.join(self.live, path), 'wb').write(saved[path])
                os.chmod(os.path.join(self.live, path), 0o600)
            fresh = self.state()
            for what in (['inspect', self.image], ['check', self.image], ['fs', 'ls', self.image], ['fix', self.image, '--only', 'network.*'], ['recover', self.image], ['undo', self.image]):
                result = crash.run(self.program, *what)
                problem = failure(*result) or ('the new export was written' if self.state() != fresh else None)
                # `recover` is the user's word that this is the image: an export in which nothing at all was changed reads as one that was not written yet.
                if what[0] not in ('recover', 'undo') or change != 'nothing':
                    problem = problem or (f'not refused: {result[0]}' if result[0] != 4 else None)
                self.check('new exports', f'{name} {change}, {what[0]}', problem)
        for path in os.listdir(self.live):
            os.unlink(os.path.join(self.live, path))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('program')
    parser.add_argument('fixtures', help='the fixture program, with its arguments')
    parser.add_argument('--formats', default='raw,qcow2,vmdk-parts,vhdx')
    parser.add_argument('--parts', default=','.join(PARTS))
    parser.add_argument('--every', type=int, default=1, help='look at every N-th place only')
    options = parser.parse_args()
    options.program = os.path.abspath(options.program)
    with tempfile.TemporaryDirectory(prefix='offlinepatch-faults-') as work:
        os.environ['OFFLINEPATCH_STATE'] = work + '-state'
        os.environ['SOURCE_DATE_EPOCH'] = '1700000000'
        try:
            faults = Faults(options, work)
            for part in options.parts.split(','):
                for name in options.formats.split(',') if part != 'places' else ['raw']:
                    getattr(faults, part)(name)
        finally:
            shutil.rmtree(work + '-state', ignore_errors=True)
        for kind, (done, bad) in faults.sums.items():
            print(f'{kind:32} {done:5} cases  {bad} failed')
        failed = sum(bad for _, bad in faults.sums.values())
        print(f'{sum(done for done, _ in faults.sums.values())} faults, {failed} failed')
        sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
