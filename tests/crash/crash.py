#!/usr/bin/env python3
"""Kills offlinepatch at every operation that changes a file, and judges what is left.

For each format, each command and each place of the undo files: the command is killed before, or in the middle of, every create, write, truncate, fsync, rename, unlink,
time and hole. Then a reader must show the old or the new machine and change nothing, `recover` must give the old or the new bytes (run twice, the second time idle), and
`undo --all` the original ones. Prints one line per combination and the sum; exits 1 when anything failed.

  crash.py PROGRAM FIXTURES [--formats raw,qcow2] [--commands fix,undo] [--every N] [--minutes M]
"""
import argparse, hashlib, os, shutil, subprocess, sys, tempfile, time

FORMATS = {
    'raw': None,
    'qcow2': ['-O', 'qcow2'],
    'vhdx': ['-O', 'vhdx'],
    'vmdk': ['-O', 'vmdk'],
    'vmdk-parts': ['-O', 'vmdk', '-o', 'subformat=twoGbMaxExtentSparse'],
    'vmdk-flat': ['-O', 'vmdk', '-o', 'subformat=monolithicFlat'],
    'qcow2-data': ['-O', 'qcow2', '-o', 'data_file=data.img,data_file_raw=on'],
    'vdi': ['-O', 'vdi'], 'qed': ['-O', 'qed'], 'qcow': ['-O', 'qcow'],
    'vhd': ['-O', 'vpc'], 'vhd-fixed': ['-O', 'vpc', '-o', 'subformat=fixed,force_size=on'],
}
COMMANDS = ['fix', 'fs', 'reg', 'undo', 'undo-all', 'recover', 'hive']
here = os.path.dirname(os.path.abspath(__file__))


def run(*arguments, env=None, cwd=None):
    result = subprocess.run(arguments, env=dict(os.environ, **(env or {})), cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
    return result.returncode, result.stdout.decode('utf8', 'replace'), result.stderr.decode('utf8', 'replace')


def must(*arguments, **keywords):
    code, out, error = run(*arguments, **keywords)
    if code not in (0, 3):
        sys.exit(f'{arguments}: {code} {out} {error}')


def content(path):
    digest = hashlib.blake2b(digest_size=16)
    file = os.open(path, os.O_RDONLY)
    size = os.fstat(file).st_size
    digest.update(str(size).encode())
    at = 0
    while at < size:
        try:
            at = os.lseek(file, at, os.SEEK_DATA) // 65536 * 65536
        except OSError:
            break
        block = os.pread(file, 65536, at)
        if block.strip(b'\0'):
            digest.update(at.to_bytes(8, 'little') + block)
        at += 65536
    os.close(file)
    return digest.hexdigest()


class Bench:
    def __init__(self, options, work):
        self.program, self.work, self.every = options.program, work, options.every
        self.end = time.time() + options.minutes * 60 if options.minutes else None
        self.injector = os.path.join(work, 'injector.so')
        must('gcc', '-O1', '-fPIC', '-shared', '-w', '-o', self.injector, os.path.join(here, 'injector.c'), '-ldl')
        self.base = os.path.join(work, 'base')
        os.makedirs(self.base)
        fixtures = options.fixtures.split()
        must(*fixtures, 'machine', self.base + '/m.raw', '--windows', 'win2019', '--defect', 'StaticAddress', '--size', '2')
        must(*fixtures, 'drivers', self.base + '/drivers')
        must(self.program, 'fs', 'get', self.base + '/m.raw', 'Windows/System32/config/SYSTEM', self.base)
        open(self.base + '/new.txt', 'w').write('new\n' * 5000)
        open(self.base + '/values.reg', 'w').write('Windows Registry Editor Version 5.00\n' + ''.join(
            f'\n[HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet001\\Services\\example{i}]\n"a"="{"x" * i}"\n' for i in range(200)))
        self.points = self.failed = 0

    @staticmethod
    def copy(source, target):
        shutil.rmtree(target, ignore_errors=True)
        must('cp', '-a', '--sparse=always', source, target)

    @staticmethod
    def restore(source, target):
        """Gives a folder the content of another one. Files of an image keep their identity, as they do when a command is killed and run again."""
        os.makedirs(target, exist_ok=True)
        for name in os.listdir(target):
            if name not in os.listdir(source):
                os.unlink(os.path.join(target, name))
        for name in os.listdir(source):
            must('cp', '--sparse=always', '--preserve=mode,timestamps', os.path.join(source, name), os.path.join(target, name))

    def prepare(self, name):
        """A folder with the files of one image in a format; returns its main file's name."""
        folder = os.path.join(self.work, 'set')
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        if name == 'hive':
            shutil.copy2(self.base + '/SYSTEM', folder + '/SYSTEM')
            return folder, 'SYSTEM'
        if FORMATS[name] is None:
            must('cp', '--sparse=always', self.base + '/m.raw', folder + '/disk')
        else:
            must('qemu-img', 'convert', *FORMATS[name], self.base + '/m.raw', 'disk', cwd=folder)
        return folder, 'disk'

    @staticmethod
    def state(folder):
        return {n: content(os.path.join(folder, n)) for n in sorted(os.listdir(folder)) if 'offlinepatch' not in n}

    def command(self, what, image, undo):
        return {
            'fix': [self.program, 'fix', image, '--allow-unsigned', '--drivers', self.base + '/drivers', *undo],
            'fs': [self.program, 'fs', 'put', image, self.base + '/new.txt', 'Windows/new.txt', *undo],
            'reg': [self.program, 'reg', 'import', image, self.base + '/values.reg', *undo],
            'undo': [self.program, 'undo', image, *undo],
            'undo-all': [self.program, 'undo', '--all', image, *undo],
            'recover': [self.program, 'recover', image],
            'hive': [self.program, 'reg', 'import', image, self.base + '/values.reg', *undo],
        }[what]

    def one(self, name, what, elsewhere):
        source, main = self.prepare('hive' if what == 'hive' else name)
        folder, undo_folder = self.work + '/live', self.work + '/undo'
        image = os.path.join(folder, main)
        undo = ['--undo-dir', undo_folder] if elsewhere else []

        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(undo_folder, ignore_errors=True)

        def fresh():
            self.restore(source, folder)
            self.restore(self.work + '/saved-undo', undo_folder)

        os.makedirs(self.work + '/saved-undo', exist_ok=True)
        shutil.rmtree(self.work + '/saved-undo')
        os.makedirs(self.work + '/saved-undo')
        original = self.state(source)
        if what in ('undo', 'undo-all', 'recover'):
            fresh()
            states = [original]
            for step in ('fix', 'fs', 'reg'):
                must(*self.command(step, image, undo))
                states.append(self.state(folder))
            if what == 'recover':
                # An import that is killed after three quarters of its operations: to be rolled back to the state before it.
                must(self.program, 'undo', image, *undo)
                total = self.count(self.command('reg', image, undo))
                must(self.program, 'undo', image, *undo)
                self.killed(self.command('reg', image, undo), total * 3 // 4, True)
                allowed = [states[2]]
            else:
                allowed = states
            self.copy(folder, self.work + '/with-history')
            self.copy(undo_folder, self.work + '/saved-undo')
            source = self.work + '/with-history'
        else:
            fresh()
            must(*self.command(what, image, undo))
            allowed = [original, self.state(folder)]

        fresh()
        total = self.count(self.command(what, image, undo))
        points = failed = 0
        for at in range(0, total, self.every):
            for torn in (False, True):
                if self.end and time.time() > self.end:
                    break
                fresh()
                self.killed(self.command(what, image, undo), at, torn)
                problem = self.judge(folder, image, allowed, original, undo, what)
                points += 1
                if problem:
                    failed += 1
                    print(f'  {name} {what} {"--undo-dir" if elsewhere else ""} operation {at}{" torn" if torn else ""}: {problem}', flush=True)
        self.points += points
        self.failed += failed
        print(f'{name:11} {what:9} {"elsewhere" if elsewhere else "beside":9} {total:4} operations  {points:5} points  {failed} failed', flush=True)

    def injected(self, **more):
        return dict(LD_PRELOAD=self.injector, CRASH_FOLDER=self.work, **more)

    def count(self, command):
        counter = self.work + '/count'
        if os.path.exists(counter):
            os.unlink(counter)
        run(*command, env=self.injected(CRASH_COUNT=counter))
        return int(open(counter).read()) if os.path.exists(counter) else 0

    def killed(self, command, at, torn):
        run(*command, env=self.injected(CRASH_AT=str(at), **({'CRASH_TORN': '1'} if torn else {})))

    def judge(self, folder, image, allowed, original, undo, what):
        before = self.state(folder)
        names = sorted(os.listdir(folder))
        reader = [self.program, 'reg', 'check', image] if what == 'hive' else [self.program, 'fs', 'ls', image, 'Windows']
        code, out, error = run(*reader)
        if code not in (0, 3):
            return f'a reader failed: {code} {error[:300]}'
        if self.state(folder) != before or sorted(os.listdir(folder)) != names:
            return 'a reader wrote'
        for attempt in (1, 2):
            code, out, error = run(self.program, 'recover', image)
            if code != 0:
                return f'recover: {code} {error[:300]}'
            if attempt == 2 and 'rolled back' in out:
                return 'recover had to run twice'
        after = self.state(folder)
        if after not in allowed:
            return f'neither old nor new: {[n for n in after if all(after[n] != a.get(n) for a in allowed)]}'
        if after != original:
            code, out, error = run(self.program, 'undo', '--all', image, *undo)
            if self.state(folder) != original:
                return f'undo --all does not give the original: {code} {error[:300]}'
        return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('program')
    parser.add_argument('fixtures', help='the fixture program, with its arguments')
    parser.add_argument('--formats', default=','.join(FORMATS))
    parser.add_argument('--commands', default=','.join(COMMANDS))
    parser.add_argument('--every', type=int, default=1)
    parser.add_argument('--minutes', type=float, default=0)
    options = parser.parse_args()
    options.program = os.path.abspath(options.program)
    with tempfile.TemporaryDirectory(prefix='offlinepatch-crash-') as work:
        os.environ['OFFLINEPATCH_STATE'] = work + '-state'
        os.environ['SOURCE_DATE_EPOCH'] = '1700000000'
        try:
            bench = Bench(options, work)
            for name in options.formats.split(','):
                for what in options.commands.split(','):
                    if what == 'hive' and name != 'raw':
                        continue
                    for elsewhere in (False, True):
                        if not bench.end or time.time() < bench.end:
                            bench.one(name, what, elsewhere)
        finally:
            shutil.rmtree(work + '-state', ignore_errors=True)
        print(f'{bench.points} kill points, {bench.failed} failed')
        sys.exit(1 if bench.failed else 0)


if __name__ == '__main__':
    main()
