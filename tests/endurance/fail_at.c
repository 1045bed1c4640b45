// SPDX-License-Identifier: Apache-2.0
// A library for LD_PRELOAD that makes the k-th call of one kind fail, so that tests can see what a program does then.
// faults.py uses it.
//
//   FAIL_AT_KIND   write, sync, rename, open, close, truncate, mmap, read, mkdir or malloc
//   FAIL_AT        k, counted from 1; 0 or unset: nothing fails, calls are only counted
//   FAIL_AT_ERRNO  number of the error that the call reports (not for malloc, which gives NULL)
//   FAIL_AT_SHORT  1: a write or read moves only half of its bytes, instead of failing
//   FAIL_AT_STICKY 1: all later calls fail too, as on a disk that stays full
//   FAIL_AT_KILL   1: the process is killed (SIGKILL) in place of the call
//   FAIL_AT_LOG    file of 8192 bytes, which has to exist: first the counts of all kinds as 64-bit numbers in the order
//                  above, then from byte 1024 the name and the path of the first call that failed
//
// Calls count from the start of main() on, and not for /proc, /sys and /dev/shm, which carry no results. Standard
// output counts as a file; standard error does not, because it carries the message about the failure. Children of the
// program are left alone.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum Kind { kWrite, kSync, kRename, kOpen, kClose, kTruncate, kMmap, kRead, kMkdir, kMalloc, kKinds };
static const char* const kNames[kKinds] = {"write",    "sync", "rename", "open",  "close",
                                           "truncate", "mmap", "read",   "mkdir", "malloc"};
enum { kLogBytes = 8192, kTextAt = 1024 };

static struct {
  int armed, kind, error, shorter, sticky, killed;
  uint64_t k;
  char* log;
  _Atomic uint64_t own[kKinds];
} state = {.kind = kKinds};

static uint64_t number(const char* name) {
  const char* text = getenv(name);
  return text != NULL ? strtoull(text, NULL, 10) : 0;
}

static void record(enum Kind kind, const char* call, const char* path) {
  char* text = state.log + kTextAt;
  if (*text != '\0') return;
  size_t used = 0;
  const char* const parts[] = {kNames[kind], " ", call, " ", path};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; ++i)
    for (const char* c = parts[i]; *c != '\0' && used + 1 < kLogBytes - kTextAt; ++c) text[used++] = *c;
}

// Counts a call; whether it is to fail.
static int fails(enum Kind kind, const char* call, const char* path) {
  if (!state.armed) return 0;
  _Atomic uint64_t* counts = state.log != NULL ? (_Atomic uint64_t*)state.log : state.own;
  const uint64_t now = atomic_fetch_add(&counts[kind], 1) + 1;
  if ((int)kind != state.kind || state.k == 0) return 0;
  if (state.sticky ? now < state.k : now != state.k) return 0;
  if (state.log != NULL) record(kind, call, path);
  if (state.killed) kill(getpid(), SIGKILL);
  return 1;
}

static int carries_results(const char* path) {
  return path != NULL && strncmp(path, "/proc/", 6) != 0 && strncmp(path, "/sys/", 5) != 0 &&
         strncmp(path, "/dev/shm", 8) != 0;
}

// The path behind a descriptor into `path`; 0 when it is nothing that counts.
static int describes(int file, char path[256]) {
  if (!state.armed || file == 2) return 0;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const long size = syscall(SYS_readlink, link, path, 255);
  path[size > 0 ? size : 0] = '\0';
  return file == 1 || (path[0] == '/' && carries_results(path));
}

#define REAL(result, name, ...)                                          \
  static result (*real)(__VA_ARGS__);                                    \
  if (real == NULL) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)
#define FAIL_ON_PATH(kind, call, path, failed)                           \
  if (carries_results(path) && fails(kind, call, path)) {                \
    errno = state.error;                                                 \
    return failed;                                                       \
  }
#define FAIL_ON_FILE(kind, call, file, failed)                           \
  char path[256];                                                        \
  if (describes(file, path) && fails(kind, call, path)) {                \
    errno = state.error;                                                 \
    return failed;                                                       \
  }
#define SHORTEN_ON_FILE(kind, call, file, size)                          \
  char path[256];                                                        \
  if (describes(file, path) && fails(kind, call, path)) {                \
    if (!state.shorter || size < 2) {                                    \
      errno = state.error;                                               \
      return -1;                                                         \
    }                                                                    \
    size /= 2;                                                           \
  }

// ---- writing and reading ----
ssize_t write(int file, const void* data, size_t size) {
  SHORTEN_ON_FILE(kWrite, "write", file, size)
  return syscall(SYS_write, file, data, size);
}
ssize_t pwrite(int file, const void* data, size_t size, off_t at) {
  SHORTEN_ON_FILE(kWrite, "pwrite", file, size)
  return syscall(SYS_pwrite64, file, data, size, at);
}
ssize_t pwrite64(int file, const void* data, size_t size, off64_t at) {
  SHORTEN_ON_FILE(kWrite, "pwrite64", file, size)
  return syscall(SYS_pwrite64, file, data, size, at);
}
ssize_t writev(int file, const struct iovec* parts, int count) {
  FAIL_ON_FILE(kWrite, "writev", file, -1)
  return syscall(SYS_writev, file, parts, count);
}
ssize_t read(int file, void* data, size_t size) {
  SHORTEN_ON_FILE(kRead, "read", file, size)
  return syscall(SYS_read, file, data, size);
}
ssize_t pread(int file, void* data, size_t size, off_t at) {
  SHORTEN_ON_FILE(kRead, "pread", file, size)
  return syscall(SYS_pread64, file, data, size, at);
}
ssize_t pread64(int file, void* data, size_t size, off64_t at) {
  SHORTEN_ON_FILE(kRead, "pread64", file, size)
  return syscall(SYS_pread64, file, data, size, at);
}
int fsync(int file) {
  FAIL_ON_FILE(kSync, "fsync", file, -1)
  return (int)syscall(SYS_fsync, file);
}
int fdatasync(int file) {
  FAIL_ON_FILE(kSync, "fdatasync", file, -1)
  return (int)syscall(SYS_fdatasync, file);
}
int ftruncate(int file, off_t size) {
  FAIL_ON_FILE(kTruncate, "ftruncate", file, -1)
  return (int)syscall(SYS_ftruncate, file, size);
}
int ftruncate64(int file, off64_t size) {
  FAIL_ON_FILE(kTruncate, "ftruncate64", file, -1)
  return (int)syscall(SYS_ftruncate, file, size);
}
void* mmap(void* where, size_t size, int protection, int flags, int file, off_t at) {
  if (file >= 0) {
    FAIL_ON_FILE(kMmap, "mmap", file, MAP_FAILED)
  }
  return (void*)syscall(SYS_mmap, where, size, protection, flags, file, at);
}
void* mmap64(void* where, size_t size, int protection, int flags, int file, off64_t at) {
  return mmap(where, size, protection, flags, file, at);
}
// Linux releases the descriptor although it reports an error.
int close(int file) {
  char path[256];
  const int failed = describes(file, path) && fails(kClose, "close", path);
  const int result = (int)syscall(SYS_close, file);
  if (!failed) return result;
  errno = state.error;
  return -1;
}

// ---- names ----
int rename(const char* from, const char* to) {
  FAIL_ON_PATH(kRename, "rename", to, -1)
  return (int)syscall(SYS_rename, from, to);
}
int link(const char* from, const char* to) {
  FAIL_ON_PATH(kRename, "link", to, -1)
  return (int)syscall(SYS_link, from, to);
}
int unlink(const char* path) {
  FAIL_ON_PATH(kRename, "unlink", path, -1)
  return (int)syscall(SYS_unlink, path);
}
int unlinkat(int folder, const char* path, int flags) {
  FAIL_ON_PATH(kRename, "unlinkat", path, -1)
  return (int)syscall(SYS_unlinkat, folder, path, flags);
}
int remove(const char* path) {
  FAIL_ON_PATH(kRename, "remove", path, -1)
  if (syscall(SYS_unlink, path) == 0) return 0;
  return errno == EISDIR || errno == EPERM ? (int)syscall(SYS_rmdir, path) : -1;
}
int rmdir(const char* path) {
  FAIL_ON_PATH(kRename, "rmdir", path, -1)
  return (int)syscall(SYS_rmdir, path);
}
int mkdir(const char* path, mode_t mode) {
  FAIL_ON_PATH(kMkdir, "mkdir", path, -1)
  return (int)syscall(SYS_mkdir, path, mode);
}

// ---- opening ----
static int opened(const char* call, int folder, const char* path, int flags, mode_t mode) {
  FAIL_ON_PATH(kOpen, call, path, -1)
  return (int)syscall(SYS_openat, folder, path, flags, mode);
}
#define MODE_OF(flags)                                                   \
  mode_t mode = 0;                                                       \
  if (((flags) & O_CREAT) != 0 || ((flags) & O_TMPFILE) == O_TMPFILE) {  \
    va_list more;                                                        \
    va_start(more, flags);                                               \
    mode = va_arg(more, mode_t);                                         \
    va_end(more);                                                        \
  }
int open(const char* path, int flags, ...) {
  MODE_OF(flags)
  return opened("open", AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  MODE_OF(flags)
  return opened("open64", AT_FDCWD, path, flags, mode);
}
int openat(int folder, const char* path, int flags, ...) {
  MODE_OF(flags)
  return opened("openat", folder, path, flags, mode);
}
int openat64(int folder, const char* path, int flags, ...) {
  MODE_OF(flags)
  return opened("openat64", folder, path, flags, mode);
}
int __open_2(const char* path, int flags) { return opened("open", AT_FDCWD, path, flags, 0); }
int __open64_2(const char* path, int flags) { return opened("open64", AT_FDCWD, path, flags, 0); }
int creat(const char* path, mode_t mode) { return opened("creat", AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode); }
int mkostemp(char* path, int flags) {
  FAIL_ON_PATH(kOpen, "mkostemp", path, -1)
  REAL(int, "mkostemp", char*, int);
  return real(path, flags);
}
int mkostemp64(char* path, int flags) { return mkostemp(path, flags); }
FILE* fopen(const char* path, const char* mode) {
  FAIL_ON_PATH(kOpen, "fopen", path, NULL)
  REAL(FILE*, "fopen", const char*, const char*);
  return real(path, mode);
}
FILE* fopen64(const char* path, const char* mode) {
  FAIL_ON_PATH(kOpen, "fopen64", path, NULL)
  REAL(FILE*, "fopen64", const char*, const char*);
  return real(path, mode);
}
DIR* opendir(const char* path) {
  FAIL_ON_PATH(kOpen, "opendir", path, NULL)
  REAL(DIR*, "opendir", const char*);
  return real(path);
}

// ---- memory ----
extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);

static int memory_fails(const char* call) {
  if (!fails(kMalloc, call, "")) return 0;
  errno = ENOMEM;
  return 1;
}
void* malloc(size_t size) { return memory_fails("malloc") ? NULL : __libc_malloc(size); }
void* calloc(size_t count, size_t size) { return memory_fails("calloc") ? NULL : __libc_calloc(count, size); }
void* realloc(void* old, size_t size) { return memory_fails("realloc") ? NULL : __libc_realloc(old, size); }
void* memalign(size_t to, size_t size) { return memory_fails("memalign") ? NULL : __libc_memalign(to, size); }
void* aligned_alloc(size_t to, size_t size) { return memory_fails("aligned_alloc") ? NULL : __libc_memalign(to, size); }
int posix_memalign(void** out, size_t to, size_t size) {
  if (memory_fails("posix_memalign")) return ENOMEM;
  *out = __libc_memalign(to, size);
  return *out != NULL ? 0 : ENOMEM;
}

// ---- the start of main() ----
// The C library writes the buffers of its streams without write(), so standard output gets a stream that uses it.
static ssize_t to_standard_output(void* cookie, const char* data, size_t size) {
  (void)cookie;
  size_t done = 0;
  while (done < size) {
    const ssize_t written = write(1, data + done, size - done);
    if (written < 0) break;
    done += (size_t)written;
  }
  return (ssize_t)done;  // less than `size`: an error
}

static int (*real_main)(int, char**, char**);

static int counted_main(int count, char** arguments, char** environment) {
  const char* log = getenv("FAIL_AT_LOG");
  if (log != NULL) {
    const int file = (int)syscall(SYS_openat, AT_FDCWD, log, O_RDWR);
    void* map = (void*)syscall(SYS_mmap, NULL, kLogBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    state.log = file >= 0 && map != MAP_FAILED ? map : NULL;
    if (file >= 0) syscall(SYS_close, file);
  }
  const char* kind = getenv("FAIL_AT_KIND");
  for (int i = 0; kind != NULL && i < kKinds; ++i)
    if (strcmp(kind, kNames[i]) == 0) state.kind = i;
  state.k = number("FAIL_AT");
  state.error = (int)number("FAIL_AT_ERRNO");
  state.shorter = number("FAIL_AT_SHORT") == 1;
  state.sticky = number("FAIL_AT_STICKY") == 1;
  state.killed = number("FAIL_AT_KILL") == 1;
  unsetenv("LD_PRELOAD");
  if (fcntl(1, F_GETFD) >= 0) {
    FILE* stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = to_standard_output});
    if (stream != NULL) stdout = stream;
  }
  state.armed = 1;
  const int code = real_main(count, arguments, environment);
  fflush(stdout);
  return code;
}

int __libc_start_main(int (*main)(int, char**, char**), int count, char** arguments, void (*init)(void),
                      void (*fini)(void), void (*end)(void), void* stack) {
  REAL(int, "__libc_start_main", int (*)(int, char**, char**), int, char**, void (*)(void), void (*)(void),
       void (*)(void), void*);
  real_main = main;
  return real(counted_main, count, arguments, init, fini, end, stack);
}
