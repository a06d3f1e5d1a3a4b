#!/usr/bin/env python3
"""Kills offlinepatch at every operation that changes a file, or cuts the power there, and judges what is left.

For each format, each command and each place of the undo files, the command runs once under the injector, which records every create, write, truncate, flush, rename, unlink, link, time
and allocation. From that record the files are built that a process leaves which is killed before each operation, after the last one, and in the middle of each write; with --power N also
N times each what a loss of power may leave: sectors, lengths and names that no flush had made durable are kept or lost at random. Every --real N-th point is made by really killing the
program too, and the images must be the same as those that were built.

Then a reader must show the old or the new machine and change nothing, `recover` must give the old or the new bytes (run twice, the second time idle), and `undo --all` the original
ones and their times. The commands twice-recover and twice-fix are killed a second time, while they take back what the first kill left. Of `convert` and `fix -o` the output must be
absent (or the old file, with --force) or complete, and the source untouched. Prints one line per combination and the sum; exits 1 when anything failed.

  crash.py PROGRAM FIXTURES [--formats raw,qcow2] [--commands fix,undo] [--every N] [--real N] [--power N] [--minutes M]
"""
import argparse, os, shutil, subprocess, sys, tempfile, time
import replay

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
COMMANDS = ['fix', 'fix-no-keep', 'fs', 'reg', 'undo', 'undo-all', 'recover', 'twice-recover', 'twice-fix', 'convert', 'fix-copy', 'hive', 'resize']
OUTPUTS = ['raw', 'qcow2', 'vmdk', 'vhdx', 'vhd', 'vdi', 'qed', 'qcow', 'zvhd', 'zvhd2']
here = os.path.dirname(os.path.abspath(__file__))


def run(*arguments, env=None, cwd=None):
    result = subprocess.run(arguments, env=dict(os.environ, **(env or {})), cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=600)
    return result.returncode, result.stdout.decode('utf8', 'replace'), result.stderr.decode('utf8', 'replace')


def must(*arguments, **keywords):
    code, out, error = run(*arguments, **keywords)
    if code not in (0, 3):
        sys.exit(f'{arguments}: {code} {out} {error}')


class Judge:
    """Reads, recovers and undoes images in one process, through what the commands are made of; or, `real`, by the program itself."""

    def __init__(self, program, fixtures):
        self.program = program
        self.process = subprocess.Popen([*fixtures, 'judge'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding='utf8')

    def ask(self, *words):
        self.process.stdin.write('\t'.join(words) + '\n')
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip('\n') or sys.exit('the judge ended')

    def read(self, image, real, is_hive):
        if not real and not is_hive:
            return self.ask('read', image)
        code, out, error = run(self.program, *(['reg', 'check', image] if is_hive else ['fs', 'ls', image, 'Windows']))
        return 'ok' if code in (0, 3) and out else f'error {code} {error[:300]}'

    def recover(self, image, real):
        if not real:
            return self.ask('recover', image)
        code, out, error = run(self.program, 'recover', image)
        return ('ok rolled back' if 'rolled back' in out else 'ok nothing') if code == 0 else f'error {code} {error[:300]}'

    def undo_all(self, image, folder, real):
        if not real:
            return self.ask('undo-all', image, *folder)
        code, _, error = run(self.program, 'undo', '--all', image, *(['--undo-dir', *folder] if folder else []))
        return 'ok' if code == 0 else f'error {code} {error[:300]}'


class Bench:
    def __init__(self, options, work):
        self.options, self.program, self.work = options, options.program, work
        self.end = time.time() + options.minutes * 60 if options.minutes else None
        self.injector = os.path.join(work, 'injector.so')
        must('gcc', '-O1', '-fPIC', '-shared', '-o', self.injector, os.path.join(here, 'injector.c'), '-ldl')
        self.base, self.live, self.undo_folder, self.scratch = (os.path.join(work, n) for n in ('base', 'live', 'undo', 'scratch'))
        for folder in (self.base, self.live, self.undo_folder, self.scratch):
            os.makedirs(folder)
        fixtures = options.fixtures.split()
        must(*fixtures, 'machine', self.base + '/m.raw', '--windows', 'win2019', '--defect', 'StaticAddress', '--size', '2')
        must(*fixtures, 'drivers', self.base + '/drivers')
        must(self.program, 'fs', 'get', self.base + '/m.raw', 'Windows/System32/config/SYSTEM', self.base)
        open(self.base + '/new.txt', 'w').write('new\n' * 5000)
        open(self.base + '/values.reg', 'w').write('Windows Registry Editor Version 5.00\n' + ''.join(
            f'\n[HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet001\\Services\\example{i}]\n"a"="{"x" * i}"\n' for i in range(200)))
        self.judge = Judge(self.program, fixtures)
        self.points = self.failed = self.power_points = self.real = 0

    @property
    def is_over(self):
        return self.end is not None and time.time() > self.end

    def prepare(self, name):
        """The files of one image in a format, in the live folder; returns its main file."""
        for folder in (self.live, self.undo_folder):
            shutil.rmtree(folder)
            os.makedirs(folder)
        if name == 'hive':
            shutil.copy2(self.base + '/SYSTEM', self.live + '/SYSTEM')
            return self.live + '/SYSTEM'
        if FORMATS[name] is None:
            must('cp', '--sparse=always', self.base + '/m.raw', self.live + '/disk')
        else:
            must('qemu-img', 'convert', *FORMATS[name], self.base + '/m.raw', 'disk', cwd=self.live)
        return self.live + '/disk'

    def state(self):
        """The images' own files."""
        return {n: replay.digest(os.path.join(self.live, n)) for n in sorted(os.listdir(self.live)) if 'offlinepatch' not in n and n != 'out'}

    def times(self):
        return {n: os.stat(os.path.join(self.live, n)).st_mtime_ns for n in sorted(os.listdir(self.live)) if 'offlinepatch' not in n and n != 'out'}

    def stamps(self):
        """Every file, with the times at which its content and its inode were last changed: any write shows in them."""
        status = {n: os.stat(os.path.join(self.live, n)) for n in sorted(os.listdir(self.live))}
        return {n: (s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for n, s in status.items()}

    def snapshot(self):
        return replay.Snapshot(self.live, self.undo_folder, self.work + '-state')

    def command(self, what, image, undo):
        return {
            'fix': ['fix', image, '--allow-unsigned', '--drivers', self.base + '/drivers', *undo],
            'fix-no-keep': ['fix', image, '--no-undo-keep', '--allow-unsigned', '--drivers', self.base + '/drivers', *undo],
            'fs': ['fs', 'put', image, self.base + '/new.txt', 'Windows/new.txt', *undo],
            'reg': ['reg', 'import', image, self.base + '/values.reg', *undo],
            'resize': ['resize', image, '+1G', '--extend', *undo],
            'undo': ['undo', image, *undo],
            'undo-all': ['undo', '--all', image, *undo],
            'recover': ['recover', image],
            'hive': ['reg', 'import', image, self.base + '/values.reg', *undo],
        }[what]

    def program_run(self, command, **injected):
        return run(self.program, *command, env=dict(LD_PRELOAD=self.injector, CRASH_FOLDER=self.work, **injected) if injected else None)

    def record(self, command):
        """Runs a command, and returns its operations."""
        log = self.base + '/log'
        code, out, error = self.program_run(command, CRASH_LOG=log)
        if code not in (0, 3):
            sys.exit(f'{command}: {code} {out} {error}')
        return replay.read_log(log)

    def build(self, snapshot, operations, at, torn, drop=None):
        snapshot.restore()
        replay.materialise(operations, at, torn, self.scratch, drop)

    def one(self, name, what, elsewhere):
        image = self.prepare('hive' if what == 'hive' else name)
        undo = ['--undo-dir', self.undo_folder] if elsewhere else []
        must(self.program, *self.command('reg', image, []))  # the secret of the user exists from now on
        must(self.program, 'undo', image)
        original, times = self.state(), self.times()
        start = self.snapshot()
        if what in ('undo', 'undo-all', 'recover', 'twice-recover', 'twice-fix'):
            states = [original]
            for step in ('fix', 'fs') if what in ('recover', 'twice-recover', 'twice-fix') else ('fix', 'fs', 'reg'):
                must(self.program, *self.command(step, image, undo))
                states.append(self.state())
            allowed = states
            if what in ('recover', 'twice-recover', 'twice-fix'):
                # An import that is killed after three quarters of its operations: to be rolled back to the state before it.
                before = self.snapshot()
                operations = self.record(self.command('reg', image, undo))
                self.build(before, operations, sum(o.is_counted for o in operations) * 3 // 4, True)
                allowed = [states[-1]]
            start = self.snapshot()
            if what == 'twice-fix':
                must(self.program, *self.command('reg', image, undo))
                allowed = [states[-1], self.state()]
                start.restore()
        command = self.command({'twice-recover': 'recover', 'twice-fix': 'reg'}.get(what, what), image, undo)
        start.restore(exact=True)
        operations = self.record(command)
        if what not in ('undo', 'undo-all', 'recover', 'twice-recover', 'twice-fix'):
            allowed = [original, self.state()]

        counts = dict(points=0, failed=0, power=0, real=0)
        context = (image, allowed, original, times, [self.undo_folder] if elsewhere else [], what)
        places = [p for p in replay.points(operations) if p[0] % self.options.every == 0]
        for index, (at, torn) in enumerate(places):
            if self.is_over:
                break
            if what.startswith('twice'):
                # The second kill: of the same command, which now finds what the first one left.
                self.build(start, operations, at, torn)
                second = self.snapshot()
                again = self.record(command)
                random = replay.rng(name, what, at, torn)
                for at2, torn2 in random.sample(list(replay.points(again)), min(3, len(list(replay.points(again))))):
                    self.build(second, again, at2, torn2)
                    self.count(counts, 'points', f'{name} {what} {undo} operation {at}{" torn" * torn}, then {at2}{" torn" * torn2}', self.look(*context, real=False))
                continue
            self.build(start, operations, at, torn)
            real = self.options.real > 0 and index % self.options.real == 0
            problem = None
            if real and at < sum(o.is_counted for o in operations):
                built, names = self.state(), self.names()
                start.restore(exact=True)
                self.program_run(command, CRASH_AT=str(at), **({'CRASH_TORN': '1'} if torn else {}))
                counts['real'] += 1
                if self.state() != built or self.names() != names:
                    problem = f'a real kill leaves something else than what was built: {sorted(names ^ self.names())}'
            self.count(counts, 'points', f'{name} {what} {undo} operation {at}{" torn" * torn}', problem or self.look(*context, real=real))
            for seed in range(self.options.power if not torn else 0):
                self.build(start, operations, at, True, replay.rng(name, what, at, seed))
                self.count(counts, 'power', f'{name} {what} {undo} power lost at operation {at}, seed {seed}', self.look(*context, real=False, exact_times=False))
        self.report(name, what, 'elsewhere' if elsewhere else 'beside', sum(o.is_counted for o in operations), counts)

    def names(self):
        return {os.path.basename(p) for folder in (self.live, self.undo_folder) for p in map(lambda n: os.path.join(folder, n), os.listdir(folder))}

    def copies(self, name, what):
        """`convert` and `fix -o`: each output format, onto nothing and onto a file that is to be replaced."""
        image = self.prepare(name)
        original = self.state()
        out = self.live + '/out'
        counts = dict(points=0, failed=0, power=0, real=0)
        total = 0
        outputs = OUTPUTS if name == 'raw' and what == 'convert' else ['qcow2' if name != 'qcow2' else 'vhdx']
        for target in outputs:
            for force in (False, True):
                if force:
                    open(out, 'wb').write(b'precious' * 1000)
                start = self.snapshot()
                command = ([what, image] if what == 'convert' else ['fix', image, '--allow-unsigned', '--drivers', self.base + '/drivers']) \
                    + ['-o', out, '-O', target, *(['--force'] if force else [])]
                operations = self.record(command)
                complete = replay.digest(out)
                total += sum(o.is_counted for o in operations)
                for index, (at, torn) in enumerate(p for p in replay.points(operations) if p[0] % self.options.every == 0):
                    if self.is_over:
                        break
                    self.build(start, operations, at, torn)
                    self.count(counts, 'points', f'{name} {what} -O {target} force={force} operation {at}{" torn" * torn}', self.look_at_copy(out, complete, force, original))
                    for seed in range(self.options.power if not torn else 0):
                        self.build(start, operations, at, True, replay.rng(name, what, target, at, seed))
                        self.count(counts, 'power', f'{name} {what} -O {target} force={force} power lost at operation {at}, seed {seed}',
                                   self.look_at_copy(out, complete, force, original))
                    if self.options.real > 0 and index % self.options.real == 0:
                        start.restore()
                        self.program_run(command, CRASH_AT=str(at), **({'CRASH_TORN': '1'} if torn else {}))
                        problem = self.look_at_copy(out, complete, force, original)
                        code, _, error = run(self.program, *command, *([] if force else ['--force']))
                        if code not in (0, 3) or replay.digest(out) != complete:
                            problem = problem or f'the next run: {code} {error[:300]}'
                        elif [n for n in os.listdir(self.live) if 'part' in n and 'offlinepatch' in n]:
                            problem = problem or 'something is left after the next run'
                        counts['real'] += 1
                        self.count(counts, 'points', f'{name} {what} -O {target} force={force} killed at operation {at}', problem)
                start.restore()
                if os.path.exists(out):
                    os.unlink(out)
        self.report(name, what, '', total, counts)

    def look_at_copy(self, out, complete, force, original):
        if self.state() != original:
            return 'the source was changed'
        if not os.path.exists(out):
            return 'the old file is gone' if force else None
        found = replay.digest(out)
        if found != complete and not (force and open(out, 'rb').read(8000) == b'precious' * 1000):
            return 'the name of the output leads to a part of it'
        return None

    def count(self, counts, kind, place, problem):
        counts[kind] += 1
        if problem:
            counts['failed'] += 1
            print(f'  {place}: {problem}', flush=True)

    def report(self, name, what, where, total, counts):
        self.points += counts['points']
        self.failed += counts['failed']
        self.power_points += counts['power']
        self.real += counts['real']
        power = f'  {counts["power"]:5} losses of power' if self.options.power else ''
        print(f'{name:11} {what:13} {where:9} {total:4} operations  {counts["points"]:5} kill points ({counts["real"]} real){power}  {counts["failed"]} failed', flush=True)

    def look(self, image, allowed, original, times, undo_folder, what, real, exact_times=True):
        """What is wrong with what a killed command left, or None."""
        before = self.stamps()
        answer = self.judge.read(image, real, what == 'hive')
        if not answer.startswith('ok'):
            return f'a reader failed: {answer}'
        if self.stamps() != before:
            return 'a reader wrote'
        for attempt in (1, 2):
            answer = self.judge.recover(image, real)
            if not answer.startswith('ok'):
                return f'recover: {answer}'
            if attempt == 2 and answer != 'ok nothing':
                return 'recover had to run twice'
        after = self.state()
        if after not in allowed:
            return f'neither old nor new: {[n for n in after if all(after[n] != a.get(n) for a in allowed)]}'
        if what == 'fix-no-keep' and after != original:
            return None
        if after != original:
            answer = self.judge.undo_all(image, undo_folder, real)
            if self.state() != original:
                return f'undo --all does not give the original: {answer}'
        if exact_times and self.times() != times:
            return f'the times are not the original ones: {self.times()} {times}'
        return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('program')
    parser.add_argument('fixtures', help='the fixture program, with its arguments')
    parser.add_argument('--formats', default=','.join(FORMATS))
    parser.add_argument('--commands', default=','.join(COMMANDS))
    parser.add_argument('--every', type=int, default=1, help='look at every N-th operation only')
    parser.add_argument('--real', type=int, default=10, help='really kill the program at every N-th point; 0: never')
    parser.add_argument('--power', type=int, default=0, help='losses of power for each operation')
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
                    if what == 'hive' and name != 'raw' or what == 'resize' and name in ('qcow', 'vmdk-parts'): # these do not grow in place
                        continue
                    for elsewhere in (False, True) if what not in ('convert', 'fix-copy') else (False,):
                        if not bench.is_over:
                            bench.copies(name, 'convert' if what == 'convert' else 'fix') if what in ('convert', 'fix-copy') else bench.one(name, what, elsewhere)
        finally:
            shutil.rmtree(work + '-state', ignore_errors=True)
        print(f'{bench.points} kill points ({bench.real} of real processes), {bench.power_points} losses of power, {bench.failed} failed')
        sys.exit(1 if bench.failed else 0)


if __name__ == '__main__':
    main()
