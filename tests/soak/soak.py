#!/usr/bin/env python3
"""Random machines with random defects in random formats, changed by random commands; judged by programs that are not ours; then undone to the original bytes.

A case is made from its seed alone: the machine, the format, the commands. After each command the image must be what the exit code says (unchanged after a refusal), after each undo what it
was before; twice in a case and at its end the judges look at it (qemu-img check, sgdisk, ntfsinfo and ntfsfix, fls, hivexml, reglookup, as far as they are installed; and $OFFLINEPATCH_NTFSCK,
a command that is given a file with one NTFS volume). What a judge already says about the machine before the first command does not count. `undo --all` must give every byte, length and time.

  soak.py PROGRAM FIXTURES [--minutes M] [--seed N] [--cases N]
One JSON line a case; exits 1 when one failed. `--seed N --cases 1` runs a case again."""
import argparse, json, os, random, re, shutil, signal, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'crash'))
import replay

GENERATIONS = ['win7', 'win2008r2', 'win2012r2', 'win81', 'win10', 'win2016', 'win2019', 'win2022', 'win11', 'win2025']
DEFECTS = ['StaticAddress', 'DirtyVolume', 'Hibernated', 'DirtyHive', 'CorruptHive', 'NoSystemHive', 'NoWindows', 'BootOnOtherDisk', 'NoFallbackLoader', 'ServicingPending',
           'UncleanLog', 'NoSystemPartition', 'NoBootStore']
FORMATS = {
    'raw': None, 'qcow2': ['-O', 'qcow2'], 'qcow2-small': ['-O', 'qcow2', '-o', 'cluster_size=4096,compat=0.10'], 'qcow2-zstd': ['-c', '-O', 'qcow2', '-o', 'compression_type=zstd'],
    'qcow2-data': ['-O', 'qcow2', '-o', 'data_file=data.img,data_file_raw=on'], 'vhdx': ['-O', 'vhdx'], 'vmdk': ['-O', 'vmdk'],
    'vmdk-parts': ['-O', 'vmdk', '-o', 'subformat=twoGbMaxExtentSparse'], 'vmdk-flat': ['-O', 'vmdk', '-o', 'subformat=monolithicFlat'],
    'vmdk-flat-parts': ['-O', 'vmdk', '-o', 'subformat=twoGbMaxExtentFlat'], 'vdi': ['-O', 'vdi'], 'qed': ['-O', 'qed'], 'qcow': ['-O', 'qcow'],
    'vhd': ['-O', 'vpc'], 'vhd-fixed': ['-O', 'vpc', '-o', 'subformat=fixed,force_size=on'],
}
CHANGED = (0, 3)
os.environ['PATH'] += ':/usr/sbin:/sbin'


def run(*arguments, cwd=None, data=None, timeout=300):
    try:
        result = subprocess.run(arguments, cwd=cwd, input=data, stdin=None if data is not None else subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)
    except subprocess.TimeoutExpired:
        return 'hangs', '', ''
    return result.returncode, result.stdout.decode('utf8', 'replace'), result.stderr.decode('utf8', 'replace')


class Failure(Exception):
    pass


class Soak:
    def __init__(self, program, fixtures, work):
        self.program, self.fixtures, self.work = program, fixtures, work
        self.machines = {}
        run(*fixtures, 'drivers', work + '/drivers')
        run(*fixtures, 'cloudbase-init', work + '/agent.zip')
        run(*fixtures, 'sample-root', work + '/root.cer')

    # The case.

    def case(self, seed):
        began, chance = time.time(), random.Random(seed)
        self.chance, self.log, self.kills = chance, [], 0
        self.folder = self.work + '/case'
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder + '/undo')
        os.makedirs(self.folder + '/image')
        os.makedirs(self.folder + '/in')
        line = dict(seed=seed)
        try:
            line['machine'], raw = self.machine()
            if raw is None:
                line['result'] = 'no such machine'
                return line
            line['format'] = name = chance.choice(list(FORMATS))
            self.image = self.folder + '/image/disk'
            if FORMATS[name] is None:
                run('cp', '--sparse=always', raw, self.image)
            elif run('qemu-img', 'convert', *FORMATS[name], raw, 'disk', cwd=self.folder + '/image')[0] != 0:
                line['result'] = 'qemu-img cannot make it'
                return line
            for file in os.listdir(self.folder + '/image'):
                os.utime(self.folder + '/image/' + file, ns=(1_600_000_000_123_456_789, 1_600_000_000_123_456_789))
            self.options = ['--undo-dir', self.folder + '/undo'] if chance.random() < 0.3 else []
            self.format = name
            self.states, self.known = [self.state()], self.judge()
            self.times = self.time_stamps()
            commands = chance.randrange(3, 9)
            for number in range(commands):
                self.command()
                if number in (0, commands // 2) and len(self.states) > 1:
                    self.look('after ' + self.log[-1]['command'])
            if len(self.states) > 1:
                self.look('at the end')
                code, out, error = self.tool('undo', '--all', self.image, *self.options)
                if code != 0:
                    raise Failure(f'undo --all: {code} {error[:300]}')
            if self.state() != self.states[0]:
                raise Failure('the original bytes are not there')
            if self.time_stamps() != self.times:
                raise Failure(f'the original times are not there: {self.time_stamps()}')
            left = [f for folder in ('image', 'undo') for f in os.listdir(f'{self.folder}/{folder}') if 'offlinepatch' in f]
            if left:
                raise Failure(f'left: {left}')
            line['result'] = 'ok'
        except Failure as failure:
            line['result'], line['failure'] = 'failed', str(failure)
        finally:
            line['commands'], line['seconds'] = self.log, round(time.time() - began, 1)
        return line

    def machine(self):
        chance = self.chance
        # Few machines, many cases: a machine takes longer to make than to change.
        chance_of_machine = random.Random(chance.randrange(60))
        generation = chance_of_machine.choice(GENERATIONS)
        firmware = chance_of_machine.choice(['Bios', 'Uefi'])
        defects = sorted(set(chance_of_machine.choices(DEFECTS, k=chance_of_machine.choice([0, 0, 0, 1])) + (['StaticAddress'] if chance_of_machine.random() < 0.7 else [])))
        cluster, size = chance_of_machine.choice([4096, 4096, 4096, 1024, 16384, 65536]), chance_of_machine.choice([2, 3, 5])
        words = ['--windows', generation, '--firmware', firmware, '--cluster', str(cluster), '--size', str(size), *(w for d in defects for w in ('--defect', d))]
        key = ' '.join(words)
        if key not in self.machines:
            if len(self.machines) > 25:
                if oldest := self.machines.pop(next(iter(self.machines))):
                    os.unlink(oldest)
            path = f'{self.work}/machine-{len(os.listdir(self.work))}-{time.monotonic_ns()}.raw'
            code, out, error = run(*self.fixtures, 'machine', path, *words)
            self.machines[key] = path if code == 0 else None
        return key, self.machines[key]

    def state(self):
        folder = self.folder + '/image'
        return {f: replay.digest(f'{folder}/{f}') for f in sorted(os.listdir(folder)) if 'offlinepatch' not in f}

    def time_stamps(self):
        folder = self.folder + '/image'
        return {f: os.stat(f'{folder}/{f}').st_mtime_ns for f in sorted(os.listdir(folder)) if 'offlinepatch' not in f}

    # Commands.

    def tool(self, *words, data=None):
        code, out, error = run(self.program, *words, data=data)
        if code == 'hangs' or code < 0 or 'CLI-0004' in out + error or '\n   at ' in out + error or 'fault of this program' in out + error:
            raise Failure(f'{words}: {code} {(out + error)[:600]}')
        return code, out, error

    def words(self):
        """A command that changes the image, and what it reads from standard input."""
        chance, image = self.chance, self.image
        inside = self.folder + '/in'
        key = chance.choice(['HKLM\\SOFTWARE\\Soak', 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\Soak', 'HKLM\\SYSTEM\\Setup\\Soak', 'HKLM\\SOFTWARE\\Microsoft\\Soak\\' + 'k' * chance.randrange(1, 80)])
        name = chance.choice(['Windows/Temp', 'Soak', 'Windows/System32/drivers', 'Windows'])
        kind = chance.choices(['fix', 'fix-some', 'put', 'put-tree', 'rm', 'mkdir', 'mv', 'set', 'delete', 'import', 'bcd', 'shell'], [4, 3, 3, 2, 1, 1, 1, 4, 1, 2, 1, 2])[0]
        if kind == 'fix':
            return ['fix', image, *(['--drivers', self.work + '/drivers'] if chance.random() < 0.8 else []), '--trust-root', self.work + '/root.cer',
                    *(['--cloudbase-init', self.work + '/agent.zip'] if chance.random() < 0.4 else []), *(['--replay-log'] if chance.random() < 0.5 else [])], None
        if kind == 'fix-some':
            return ['fix', image, '--only', chance.choice(['network.*', 'storage.*', 'input.*', 'boot.*', 'agent.*', 'drivers.*'])], None
        if kind == 'put':
            path = f'{inside}/file{chance.randrange(5)}.bin'
            with open(path, 'wb') as file:
                for _ in range(chance.randrange(4)):
                    file.write(chance.randbytes(chance.randrange(1, 400_000)) if chance.random() < 0.6 else bytes(chance.randrange(1, 3_000_000)))
            return ['fs', 'put', image, path, name + '/'], None
        if kind == 'put-tree':
            tree = f'{inside}/tree{chance.randrange(3)}'
            for i in range(chance.randrange(1, 60)):
                parent = os.path.join(tree, *(f'd{chance.randrange(4)}' for _ in range(chance.randrange(4))))
                os.makedirs(parent, exist_ok=True)
                with open(f'{parent}/f{i}' + chance.choice(['', '.txt', 'ü', 'long' * chance.randrange(1, 50)]), 'wb') as file:
                    file.write(chance.randbytes(chance.choice([0, 1, 100, 700, 5000, 70_000])))
            return ['fs', 'put', image, tree, name + '/'], None
        if kind == 'rm':
            return ['fs', 'rm', '-r', image, chance.choice([f'{name}/tree0', f'{name}/file1.bin', 'Windows/notepad.exe', f'{name}/nothing'])], None
        if kind == 'mkdir':
            return ['fs', 'mkdir', image, f'{name}/new{chance.randrange(3)}/deep/er'], None
        if kind == 'mv':
            return ['fs', 'mv', image, chance.choice([f'{name}/file0.bin', f'{name}/tree1', 'Windows/win.ini']), f'{name}/moved{chance.randrange(9)}'], None
        if kind == 'set':
            size = chance.choice([0, 1, 40, 500, 16_343, 16_345, 60_000])
            data = {'sz': 'x' * size, 'expand': '%SystemRoot%\\' + 'y' * size, 'multi': 'a\\0b\\0c', 'dword': str(chance.randrange(1 << 32)), 'qword': str(chance.randrange(1 << 64)),
                    'binary': chance.randbytes(size).hex()}
            kind = chance.choice(list(data))
            return ['reg', 'set', image, key, '-v', f'v{chance.randrange(6)}', '-t', kind, '-d', data[kind]], None
        if kind == 'delete':
            return ['reg', 'delete', image, key, *(['-v', f'v{chance.randrange(6)}'] if chance.random() < 0.5 else [])], None
        if kind == 'import':
            text = 'Windows Registry Editor Version 5.00\r\n'
            for i in chance.sample(range(200), chance.randrange(1, 150)):  # each key once: a second run has to find everything done
                text += f'\r\n[{"-" if chance.random() < 0.1 else ""}HKEY_LOCAL_MACHINE\\{chance.choice(["SOFTWARE", "SYSTEM"])}\\Soak\\k{i % 40}\\s{i}]\r\n'
                if text.splitlines()[-1][1] != '-':
                    text += f'"v{i}"="{"z" * chance.randrange(300)}"\r\n"d"=dword:{chance.randrange(1 << 32):08x}\r\n'
            path = inside + '/values.reg'
            open(path, 'w', newline='').write(text)
            return ['reg', 'import', image, path], None
        if kind == 'bcd':
            return ['bcd', image, '--set', '{bootmgr}', 'timeout', str(chance.randrange(100))], None
        script = ''.join(chance.choice([f'mkdir Soak{i}\n', f'reg set {key} s{i} sz text{i}\n', f'put {self.work}/root.cer Windows/root{i}.cer\n', f'-rm nothing{i}\n']) for i in range(chance.randrange(1, 6)))
        return ['shell', image], (script + 'commit\n').encode()

    def command(self):
        chance = self.chance
        if chance.random() < 0.2:
            code, out, error = self.tool('undo', self.image, *self.options)
            self.log.append(dict(command='undo', exit=code))
            if len(self.states) == 1:
                if code != 4 or self.state() != self.states[0]:
                    raise Failure(f'undo with nothing to undo: {code} {out}{error}')
                return
            self.states.pop()
            if code != 0 or self.state() != self.states[-1]:
                raise Failure(f'undo: {code} {error[:300]}')
            return
        words, data = self.words()
        words += self.options
        if chance.random() < 0.15:
            self.killed(words, data)
            return
        before = self.state()
        code, out, error = self.tool(*words, data=data)
        now = self.state()
        self.log.append(dict(command=' '.join(words[:2] if words[0] in ('fs', 'reg') else words[:1]), exit=code, changed=now != before))
        if code not in CHANGED and now != before:
            raise Failure(f'{words} ended with {code}, and the image was changed: {error[:300]}')
        if code == 5 or code == 6:
            raise Failure(f'{words}: {code} {error[:300]}')
        if now != before:
            self.states.append(now)
            if words[0] in ('fix', 'reg', 'fs') and words[:2] not in (['fs', 'mv'], ['fs', 'rm']) and chance.random() < 0.3:
                code, out, error = self.tool(*words, data=data)
                self.log.append(dict(command='again', exit=code))
                if words[:2] == ['fs', 'mkdir'] or words[0] in ('fix', 'reg') and words[:2] != ['reg', 'delete']:
                    if self.state() != now:
                        raise Failure(f'{words}: the second run writes')
                elif self.state() != now:
                    self.states.append(self.state())

    def killed(self, words, data):
        """SIGKILL at a moment of the clock; then a reader, and whatever the next writer finds."""
        before = self.state()
        process = subprocess.Popen([self.program, *words], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if data:
            process.stdin.write(data)
        process.stdin.close()
        try:
            process.wait(self.chance.uniform(0.05, 1.5))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        half = self.state()
        code, out, error = self.tool('inspect', self.image)
        if code not in (0, 2, 3, 4):
            raise Failure(f'inspect after a kill: {code} {error[:300]}')
        if self.state() != half:
            raise Failure('a reader wrote after a kill')
        code, out, error = self.tool('recover', self.image, *self.options)
        now = self.state()
        self.log.append(dict(command='killed ' + words[0], exit=process.returncode, recovered='rolled back' in out, changed=now != before))
        if code != 0:
            raise Failure(f'recover after a kill: {code} {error[:300]}')
        if now != before:
            if half != now:
                raise Failure('recover gives neither the old image nor what was complete')
            self.states.append(now)

    # Judges.

    def look(self, when):
        found = self.judge()
        new = {judge: text for judge, text in found.items() if text and text != self.known.get(judge)}
        # A volume or hive that was already bad may be bad in another way; one that was good must stay good.
        new = {judge: text for judge, text in new.items() if not self.known.get(judge)}
        if new:
            raise Failure(f'{when}: {new}')

    def judge(self):
        """What each judge has against the image: an empty text is nothing."""
        found, scratch = {}, self.folder + '/judge'
        shutil.rmtree(scratch, ignore_errors=True)
        os.makedirs(scratch)
        if self.format != 'raw' and not self.format.startswith(('vhd', 'qcow2-data', 'vmdk-flat')) or self.format == 'vhdx':
            code, out, error = run('qemu-img', 'check', self.image)
            found['qemu-img'] = '' if code in (0, 63) or 'does not support checks' in error else (out + error)[-300:]
        raw = scratch + '/raw'
        code, out, error = run('qemu-img', 'convert', '-O', 'raw', *(['-f', 'raw'] if self.format == 'raw' else ['-f', 'vpc'] if self.format in ('vhd', 'vhd-fixed') else []), self.image, raw)
        if code != 0:
            found['qemu-img convert'] = error[-300:]
            return found
        code, out, error = run(self.program, 'inspect', '--json', self.image)
        if not out.startswith('{'):
            return found
        document = json.loads(out)['images'][0]
        if document.get('firmware') == 'uefi' and shutil.which('sgdisk'):
            code, out, error = run('sgdisk', '-v', raw)
            found['sgdisk'] = '' if 'No problems found' in out else (out + error)[-300:]
        for number, partition in enumerate(document.get('partitions') or []):
            if 'ntfs' not in str(partition.get('fileSystem', '')).lower():
                continue
            self.judge_volume(found, f'partition {number}', raw, partition, scratch)
        for hive in ('SYSTEM', 'SOFTWARE', 'SAM'):
            run(self.program, 'fs', 'get', self.image, f'Windows/System32/config/{hive}', scratch + '/')
            path = f'{scratch}/{hive}'
            if os.path.exists(path):
                for judge, arguments in (('hivexml', ['hivexml', path]), ('reglookup', ['reglookup', path])):
                    if shutil.which(judge):
                        code, out, error = run(*arguments)
                        found[f'{judge} {hive}'] = '' if code == 0 else (error or f'{code}')[-300:]
        shutil.rmtree(scratch)
        return found

    def judge_volume(self, found, name, raw, partition, scratch):
        offset, length = partition.get('offset'), partition.get('length') or partition.get('size')
        if offset is None or not length:
            raise Failure(f'inspect does not say where {name} is: {partition}')
        volume = scratch + '/volume'
        source, target = os.open(raw, os.O_RDONLY), os.open(volume, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        os.ftruncate(target, length)
        at, end = offset, offset + length
        while at < end:
            try:
                start = os.lseek(source, at, os.SEEK_DATA)
            except OSError:
                break
            stop = min(os.lseek(source, start, os.SEEK_HOLE), end)
            while start < stop:
                block = os.pread(source, min(1 << 20, stop - start), start)
                os.pwrite(target, block, start - offset)
                start += len(block)
            at = stop
        os.close(source)
        os.close(target)
        judges = {'ntfsinfo': ['ntfsinfo', '-f', '-m', volume], 'ntfsfix': ['ntfsfix', '-n', volume], 'fls': ['fls', '-r', '-f', 'ntfs', volume]}
        if os.environ.get('OFFLINEPATCH_NTFSCK'):
            judges['ntfsck'] = [*os.environ['OFFLINEPATCH_NTFSCK'].split(), volume]
        for judge, arguments in judges.items():
            if shutil.which(arguments[0]):
                code, out, error = run(*arguments)
                bad = code != 0 or judge == 'ntfsfix' and re.search(r'corrupt|FAILED|Unrecoverable', out + error)
                found[f'{judge} {name}'] = (out + error)[-300:] if bad else ''


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('program')
    parser.add_argument('fixtures', help='the fixture program, with its arguments')
    parser.add_argument('--minutes', type=float, default=10)
    parser.add_argument('--seed', type=int, default=None, help='of the first case; the next ones follow it')
    parser.add_argument('--cases', type=int, default=None)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 31)
    end = time.time() + options.minutes * 60
    counts = {}
    commands = 0
    with tempfile.TemporaryDirectory(prefix='offlinepatch-soak-') as work:
        os.environ['OFFLINEPATCH_STATE'] = work + '/state'
        soak = Soak(os.path.abspath(options.program), options.fixtures.split(), work)
        number = 0
        while number < options.cases if options.cases is not None else time.time() < end:
            line = soak.case(seed + number)
            counts[line['result']] = counts.get(line['result'], 0) + 1
            commands += len(line.get('commands', []))
            print(json.dumps(line), flush=True)
            number += 1
    print(f'{number} cases, {commands} commands: ' + ', '.join(f'{count} {result}' for result, count in sorted(counts.items())), file=sys.stderr)
    sys.exit(1 if counts.get('failed') or not counts.get('ok') else 0)


if __name__ == '__main__':
    main()
