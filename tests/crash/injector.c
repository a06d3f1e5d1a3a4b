// Preloaded into offlinepatch: sees every operation that changes a file below CRASH_FOLDER; kills the process at one of them, fails one, or records all.
//   CRASH_FOLDER=PATH   which files count: those whose path contains this text
//   CRASH_AT=N          the operation to kill at, from 0; CRASH_TORN=1 lets half of the sectors of a write through first
//   CRASH_COUNT=FILE    receives the number of operations so far
//   CRASH_ERROR=E       fails the operation with this errno instead of killing the process; CRASH_TIMES=N that many operations, 0 for all that follow
//   CRASH_SIGNAL=S      sends this signal to the process before the operation, and lets it go on
//   CRASH_STOP=1        stops the process before the operation (SIGSTOP) until it is told to go on
//   CRASH_SHORT=1       reads and writes move half of what was asked for; CRASH_EINTR=1 every third read, write, open and flush is interrupted
//   CRASH_READ=N        fails the N-th read, from 0, with CRASH_ERROR
//   CRASH_LOG=FILE      receives a record of every operation: a line of words between tabs, then the bytes of a write
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_FILES 4096
#define SECTOR 512

enum outcome { GO_ON, FAIL, TORN };

static char *names[MAX_FILES];
static long ids[MAX_FILES]; // of each opening, since a file keeps its descriptor when it gets another name
static const char *folder, *count_path;
static long crash_at = -1, crash_error, crash_times = 1, crash_signal, read_at = -1;
static int torn, stops, is_short, interrupts, log_file = -1;
static atomic_long operations, reads, calls, openings;
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static long number(const char *name, long fallback)
{
    const char *value = getenv(name);
    return value ? atol(value) : fallback;
}

__attribute__((constructor)) static void start(void)
{
    const char *log = getenv("CRASH_LOG");
    folder = getenv("CRASH_FOLDER");
    count_path = getenv("CRASH_COUNT");
    crash_at = number("CRASH_AT", -1);
    crash_error = number("CRASH_ERROR", 0);
    crash_times = number("CRASH_TIMES", 1);
    crash_signal = number("CRASH_SIGNAL", 0);
    read_at = number("CRASH_READ", -1);
    torn = getenv("CRASH_TORN") != NULL;
    stops = getenv("CRASH_STOP") != NULL;
    is_short = getenv("CRASH_SHORT") != NULL;
    interrupts = getenv("CRASH_EINTR") != NULL;
    if (log) log_file = NEXT(open64)(log, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
}

static int counts(const char *path) { return folder && path && strstr(path, folder); }

static const char *name_of(int file) { return file >= 0 && file < MAX_FILES ? names[file] : NULL; }

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static void put(const void *data, size_t length)
{
    while (length > 0) {
        ssize_t done = NEXT(write)(log_file, data, length);
        if (done <= 0) die();
        data = (const char *)data + done;
        length -= done;
    }
}

// One record. Words hold no tab: the folder of a test has none in its path.
static void record(const void *data, size_t length, const char *format, ...)
{
    char line[16384];
    va_list rest;
    if (log_file < 0) return;
    va_start(rest, format);
    int size = vsnprintf(line, sizeof line, format, rest);
    va_end(rest);
    pthread_mutex_lock(&log_lock);
    put(line, size);
    if (data) put(data, length);
    pthread_mutex_unlock(&log_lock);
}

// Of the last write, in nanoseconds: an undo file holds the times that a change left.
static long long time_of(int file)
{
    struct stat status;
    if (log_file < 0 || fstat(file, &status) != 0) return 0;
    return status.st_mtim.tv_sec * 1000000000LL + status.st_mtim.tv_nsec;
}

static enum outcome step(void)
{
    long n = atomic_fetch_add(&operations, 1);
    if (count_path) {
        char text[32];
        int length = snprintf(text, sizeof text, "%ld\n", n + 1);
        int file = NEXT(open64)(count_path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
        if (NEXT(write)(file, text, length) < 0) { }
        NEXT(close)(file);
    }
    if (crash_at < 0 || n < crash_at) return GO_ON;
    if (crash_error) {
        if (crash_times && n >= crash_at + crash_times) return GO_ON;
        errno = (int)crash_error;
        return FAIL;
    }
    if (n != crash_at) return GO_ON;
    if (crash_signal) {
        kill(getpid(), (int)crash_signal);
        usleep(50000); // another thread handles it
        return GO_ON;
    }
    if (stops) {
        kill(getpid(), SIGSTOP);
        return GO_ON;
    }
    if (!torn) die();
    return TORN;
}

static int interrupted(void)
{
    if (!interrupts || atomic_fetch_add(&calls, 1) % 3 != 2) return 0;
    errno = EINTR;
    return 1;
}

static size_t part(size_t length) { return is_short && length > 1 ? length / 2 : length; }

ssize_t pwrite64(int file, const void *data, size_t length, off_t offset)
{
    int is_counted = counts(name_of(file));
    enum outcome what = is_counted ? step() : GO_ON;
    if (what == FAIL || (is_counted && interrupted())) return -1;
    if (what == TORN) {
        size_t half = length / 2 / SECTOR * SECTOR;
        if (NEXT(pwrite64)(file, data, half, offset) < 0) { }
        die();
    }
    ssize_t done = NEXT(pwrite64)(file, data, is_counted ? part(length) : length, offset);
    int error = errno;
    if (is_counted && done >= 0) record(data, done, "write\t%ld\t%lld\t%zd\t%lld\n", ids[file], (long long)offset, done, time_of(file));
    else if (is_counted) record(NULL, 0, "failed\n");
    errno = error;
    return done;
}

ssize_t pwrite(int file, const void *data, size_t length, off_t offset) { return pwrite64(file, data, length, offset); }

ssize_t pwritev64(int file, const struct iovec *parts, int count, off_t offset)
{
    if (!counts(name_of(file))) return NEXT(pwritev64)(file, parts, count, offset);
    ssize_t sum = 0;
    for (int i = 0; i < count; i++) {
        ssize_t done = pwrite64(file, parts[i].iov_base, parts[i].iov_len, offset + sum);
        if (done < 0) return sum > 0 ? sum : -1;
        sum += done;
        if ((size_t)done < parts[i].iov_len) break;
    }
    return sum;
}

ssize_t pwritev(int file, const struct iovec *parts, int count, off_t offset) { return pwritev64(file, parts, count, offset); }

static int read_fails(int file)
{
    if (!counts(name_of(file))) return 0;
    if (read_at >= 0 && atomic_fetch_add(&reads, 1) == read_at) {
        errno = (int)crash_error;
        return 1;
    }
    return interrupted();
}

ssize_t pread64(int file, void *data, size_t length, off_t offset)
{
    if (read_fails(file)) return -1;
    return NEXT(pread64)(file, data, counts(name_of(file)) ? part(length) : length, offset);
}

ssize_t pread(int file, void *data, size_t length, off_t offset) { return pread64(file, data, length, offset); }

#define AROUND(condition, call, ...) \
    enum outcome what = (condition) ? step() : GO_ON; \
    if (what == FAIL) return -1; \
    int result = call; \
    if (what == TORN) die(); \
    int error = errno; \
    if ((condition) && result == 0) record(NULL, 0, __VA_ARGS__); \
    else if (condition) record(NULL, 0, "failed\n"); \
    errno = error; \
    return result

int ftruncate64(int file, off_t length)
{
    AROUND(counts(name_of(file)), NEXT(ftruncate64)(file, length), "truncate\t%ld\t%lld\t%lld\n", ids[file], (long long)length,
        time_of(file));
}

int ftruncate(int file, off_t length) { return ftruncate64(file, length); }

int fsync(int file)
{
    if (counts(name_of(file)) && interrupted()) return -1;
    AROUND(counts(name_of(file)), NEXT(fsync)(file), "flush\t%ld\n", ids[file]);
}

int rename(const char *from, const char *to)
{
    AROUND(counts(from) || counts(to), NEXT(rename)(from, to), "rename\t%s\t%s\n", from, to);
}

int unlink(const char *path) { AROUND(counts(path), NEXT(unlink)(path), "unlink\t%s\n", path); }

int link(const char *from, const char *to) { AROUND(counts(from) || counts(to), NEXT(link)(from, to), "link\t-1\t%s\t%s\n", from, to); }

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
    int file = -1;
    if (sscanf(from, "/proc/self/fd/%d", &file) != 1 || !name_of(file)) file = -1;
    AROUND(counts(to), NEXT(linkat)(from_folder, from, to_folder, to, flags), "link\t%ld\t%s\t%s\n", file < 0 ? -1L : ids[file], from, to);
}

int mkdir(const char *path, mode_t mode)
{
    int result = NEXT(mkdir)(path, mode);
    if (counts(path) && result == 0) record(NULL, 0, "directory\t%s\t%o\n", path, (unsigned)mode);
    return result;
}

int futimens(int file, const struct timespec times[2])
{
    AROUND(counts(name_of(file)), NEXT(futimens)(file, times), "time\t%ld\t%lld\t%ld\n", ids[file], (long long)times[1].tv_sec, times[1].tv_nsec);
}

int fallocate64(int file, int mode, off_t offset, off_t length)
{
    AROUND(counts(name_of(file)), NEXT(fallocate64)(file, mode, offset, length), "allocate\t%ld\t%d\t%lld\t%lld\t%lld\n", ids[file],
        mode, (long long)offset, (long long)length, time_of(file));
}

static int open_file(const char *path, int flags, mode_t mode)
{
    // A file that is open is opened once more, to write past the cache: it stays the same file.
    int same = -1;
    if (path && sscanf(path, "/proc/self/fd/%d", &same) == 1 && name_of(same)) {
        int again = NEXT(open64)(path, flags, mode), reason = errno;
        if (again >= 0 && again < MAX_FILES) {
            free(names[again]);
            names[again] = strdup(names[same]);
            ids[again] = ids[same];
        }
        errno = reason;
        return again;
    }
    char full[8192] = "";
    if (path && path[0] != '/' && getcwd(full, sizeof full / 2)) strcat(full, "/");
    if (path) strncat(full, path, sizeof full / 2 - 1);
    int is_counted = counts(full);
    int creates = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
    enum outcome what = is_counted && creates ? step() : GO_ON;
    if (what == FAIL || (is_counted && interrupted())) return -1;
    int file = NEXT(open64)(path, flags, mode), error = errno;
    if (file >= 0 && file < MAX_FILES) {
        free(names[file]);
        names[file] = is_counted ? strdup(full) : NULL;
        ids[file] = atomic_fetch_add(&openings, 1);
        if (is_counted) record(NULL, 0, "open\t%ld\t%d\t%o\t%s\n", ids[file], flags, (unsigned)mode, full);
    }
    else if (is_counted && creates) record(NULL, 0, "failed\n");
    if (what == TORN) die();
    errno = error;
    return file;
}

int open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    return open_file(path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    return open_file(path, flags, mode);
}

int close(int file)
{
    if (file >= 0 && file < MAX_FILES) {
        free(names[file]);
        names[file] = NULL;
    }
    return NEXT(close)(file);
}

// .NET looks functions up in the C library by its name; it has to find those above.
void *dlopen(const char *name, int flags)
{
    const char *self = getenv("LD_PRELOAD");
    return NEXT(dlopen)(name && self && (!strcmp(name, "libc") || !strcmp(name, "libc.so.6")) ? self : name, flags);
}
