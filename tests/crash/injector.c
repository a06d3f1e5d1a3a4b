// Preloaded into offlinepatch: counts every operation that changes a file below CRASH_FOLDER, and kills the process at one of them.
//   CRASH_FOLDER=PATH   which files count: those whose path contains this text
//   CRASH_AT=N          the operation, from 0; CRASH_TORN=1 lets half of the sectors of a write through first
//   CRASH_COUNT=FILE    receives the number of operations so far
//   CRASH_ERROR=N       fails the operation with this errno instead of killing the process
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
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

static char *names[MAX_FILES];
static const char *folder, *count_path;
static long crash_at = -1, crash_error;
static int torn;
static atomic_long operations;

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void start(void)
{
    const char *value;
    folder = getenv("CRASH_FOLDER");
    count_path = getenv("CRASH_COUNT");
    if ((value = getenv("CRASH_AT"))) crash_at = atol(value);
    if ((value = getenv("CRASH_ERROR"))) crash_error = atol(value);
    torn = getenv("CRASH_TORN") != NULL;
}

static int counts(const char *path) { return folder && path && strstr(path, folder); }

static const char *name_of(int file) { return file >= 0 && file < MAX_FILES ? names[file] : NULL; }

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

// 0: go on; 1: fail with errno; 2: half of it, then die
static int step(void)
{
    long n = atomic_fetch_add(&operations, 1);
    if (count_path) {
        char text[32];
        int length = snprintf(text, sizeof text, "%ld\n", n + 1);
        int file = NEXT(open64)(count_path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
        if (NEXT(write)(file, text, length) < 0) { }
        NEXT(close)(file);
    }
    if (n != crash_at) return 0;
    if (crash_error) { errno = (int)crash_error; return 1; }
    if (!torn) die();
    return 2;
}

ssize_t pwrite64(int file, const void *data, size_t length, off_t offset)
{
    int what = counts(name_of(file)) ? step() : 0;
    if (what == 1) return -1;
    if (what == 2) {
        size_t half = length / 2 / SECTOR * SECTOR;
        if (NEXT(pwrite64)(file, data, half, offset) < 0) { }
        die();
    }
    return NEXT(pwrite64)(file, data, length, offset);
}

ssize_t pwrite(int file, const void *data, size_t length, off_t offset) { return pwrite64(file, data, length, offset); }

#define AROUND(condition, call) \
    int what = (condition) ? step() : 0; \
    if (what == 1) return -1; \
    int result = call; \
    if (what == 2) die(); \
    return result

int ftruncate64(int file, off_t length) { AROUND(counts(name_of(file)), NEXT(ftruncate64)(file, length)); }
int fsync(int file) { AROUND(counts(name_of(file)), NEXT(fsync)(file)); }
int rename(const char *from, const char *to) { AROUND(counts(from) || counts(to), NEXT(rename)(from, to)); }
int unlink(const char *path) { AROUND(counts(path), NEXT(unlink)(path)); }
int futimens(int file, const struct timespec *times) { AROUND(counts(name_of(file)), NEXT(futimens)(file, times)); }
int fallocate64(int file, int mode, off_t offset, off_t length) { AROUND(counts(name_of(file)), NEXT(fallocate64)(file, mode, offset, length)); }

static int open_file(const char *path, int flags, mode_t mode)
{
    char full[8192] = "";
    if (path && path[0] != '/' && getcwd(full, sizeof full / 2)) strcat(full, "/");
    if (path) strncat(full, path, sizeof full / 2 - 1);
    int what = counts(full) && (flags & O_CREAT) ? step() : 0;
    if (what == 1) return -1;
    int file = NEXT(open64)(path, flags, mode);
    if (file >= 0 && file < MAX_FILES) {
        free(names[file]);
        names[file] = counts(full) ? strdup(full) : NULL;
    }
    if (what == 2) die();
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
