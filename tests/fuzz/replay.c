/* Replays a corpus with any compiler: each file as it is, then cut off at some lengths, then with some bytes
 * altered, the same ones every time. Usage: replay [--alone|--failing] FILE|DIRECTORY...   (--alone: the
 * files as they are)
 *
 * --failing: those that are taken, again and again, while one allocation after the other is refused: nothing
 * ends in a fault, and nothing leaks. Of many allocations a choice, unless CASEVAULT_LONG=1.
 *
 * Every input lies in memory of just its size, so that a sanitizer sees one byte too many. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crypto/alloc.h"
#include "tests/fuzz/fuzz.h"

#define FILES_MAX 4096
#define PATH_BYTES 512
#define CUTS 12  /* of each file; one more is the whole but its last byte */
#define BYTES 10 /* altered in each file, and what is left of so many in all: */
#define BYTES_IN_ALL 400
#define SECONDS 1.0
#define REFUSALS 150 /* of allocations, in all files of a target */

struct file {
    char path[PATH_BYTES];
    struct cv_buf bytes;
    bool valid;
};

static struct file files[FILES_MAX];
static size_t count, runs;
static char now_at[PATH_BYTES + 64]; /* told if it ends here */

static void tell(int sig)
{
    (void)!write(STDERR_FILENO, "replay: at ", 11);
    (void)!write(STDERR_FILENO, now_at, strlen(now_at));
    (void)!write(STDERR_FILENO, "\n", 1);
    if (sig != 0) {
        signal(sig, SIG_DFL);
        raise(sig);
    }
}

static void tell_sanitizer(void)
{
    tell(0);
}

/* Where a sanitizer is linked in, it ends the process by itself, and calls this first. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void give(struct cv_bytes bytes)
{
    uint8_t *copy = malloc(bytes.n > 0 ? bytes.n : 1);
    must(copy != NULL);
    if (bytes.n > 0)
        memcpy(copy, bytes.p, bytes.n);
    fuzz_taken = false;
    must(LLVMFuzzerTestOneInput(copy, bytes.n) == 0);
    free(copy);
    runs++;
}

/* load(path): a file; what cannot be read is a fault of the test. */
static void load(const char *path)
{
    uint8_t piece[16384];
    must(count < FILES_MAX);
    struct file *f = &files[count++];
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    FILE *in = fopen(path, "rb");
    must(in != NULL && snprintf(f->path, sizeof(f->path), "%s", path) < (int)sizeof(f->path));
    f->valid = strncmp(name, "valid-", 6) == 0;
    for (size_t n = fread(piece, 1, sizeof(piece), in); n > 0; n = fread(piece, 1, sizeof(piece), in))
        must(cv_buf_append(&f->bytes, CV_BYTES(piece, n)) == CV_OK);
    must(ferror(in) == 0);
    fclose(in);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

static void load_all(const char *path)
{
    char below[PATH_BYTES];
    DIR *d = opendir(path);
    if (d == NULL) {
        load(path);
        return;
    }
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (e->d_name[0] == '.')
            continue;
        must(snprintf(below, sizeof(below), "%s/%s", path, e->d_name) < (int)sizeof(below));
        load_all(below);
    }
    closedir(d);
}

static void whole(const struct file *f)
{
    snprintf(now_at, sizeof(now_at), "%.511s", f->path);
    give(cv_buf_view(&f->bytes));
    if (f->valid && !fuzz_taken) {
        fprintf(stderr, "replay: %s: was refused: this seed tries nothing any more\n", f->path);
        exit(1);
    }
}

static void cut(const struct file *f, size_t i)
{
    const size_t n = f->bytes.n, to = i == CUTS ? n - (n > 0) : n * i / CUTS;
    snprintf(now_at, sizeof(now_at), "%.511s, its first %zu bytes", f->path, to);
    give(CV_BYTES(f->bytes.p, to));
}

/* altered(f, i): one byte is another one: a bit flipped, a neighbour, or any. */
static void altered(struct file *f, size_t i)
{
    static uint64_t seed = 20261125;
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    if (f->bytes.n == 0)
        return;
    uint8_t *at = f->bytes.p + (seed >> 33) % f->bytes.n;
    const uint8_t was = *at, any = (uint8_t)(seed >> 25);
    *at = (uint8_t)(i % 3 == 0 ? was ^ (1U << (any & 7)) : i % 3 == 1 ? was + 1U - 2U * (any & 1) : any);
    snprintf(now_at, sizeof(now_at), "%.511s, byte %zu made 0x%02x", f->path, (size_t)(at - f->bytes.p), *at);
    give(cv_buf_view(&f->bytes));
    *at = was;
}

/* ---- allocations that are refused ---- */

static size_t allocations, refused_at; /* 0: none is */

static bool refused(void)
{
    return ++allocations == refused_at;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t of);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t of);
void *__wrap_realloc(void *p, size_t n);

void *__wrap_malloc(size_t n)
{
    return refused() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t of)
{
    return refused() ? NULL : __real_calloc(n, of);
}

void *__wrap_realloc(void *p, size_t n)
{
    return refused() ? NULL : __real_realloc(p, n);
}

void __gcov_dump(void) __attribute__((weak)); /* where coverage is counted */

/* stopped(): something that the target asks for failed, as it may; what it held then is no leak. */
static void stopped(void)
{
    if (__gcov_dump != NULL)
        __gcov_dump();
    _exit(0);
}

static void refuse_one(const struct file *f, size_t at, bool all)
{
    int status = 0;
    const pid_t child = fork();
    must(child >= 0);
    if (child == 0) {
        fuzz_stop = stopped;
        if (all) /* as the programs do: jansson does not bear it at each place (crypto/alloc.h) */
            cv_alloc_last_words(stopped);
        snprintf(now_at, sizeof(now_at), "%.511s, allocation %zu refused", f->path, at);
        uint8_t *copy = __real_malloc(f->bytes.n + 1);
        memcpy(copy, f->bytes.p, f->bytes.n);
        allocations = 0;
        refused_at = at;
        (void)LLVMFuzzerTestOneInput(copy, f->bytes.n);
        refused_at = 0;
        free(copy);
        exit(0);
    }
    must(waitpid(child, &status, 0) == child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "replay: %s: allocation %zu refused: ended with %d\n", f->path, at, status);
        exit(1);
    }
}

static int failing(void)
{
    const char *all = getenv("CASEVAULT_LONG");
    size_t seeds = 0, tried = 0;
    for (size_t i = 0; i < count; i++)
        seeds += files[i].valid;
    for (size_t i = 0; i < count; i++) {
        if (seeds > 0 && !files[i].valid)
            continue;
        allocations = 0;
        give(cv_buf_view(&files[i].bytes));
        const size_t n = allocations, few = REFUSALS / (seeds > 0 ? seeds : count) + 1;
        const size_t step = all != NULL || n <= few ? 1 : n / few;
        for (size_t at = 1; at <= n; at += step, tried++)
            refuse_one(&files[i], at, all != NULL);
    }
    printf("figures: %zu allocations refused while parsing\n", tried);
    return tried > 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    const bool refusing = argc > 1 && strcmp(argv[1], "--failing") == 0;
    const bool alone = argc > 1 && (refusing || strcmp(argv[1], "--alone") == 0);
    must(LLVMFuzzerInitialize(&argc, &argv) == 0);
    signal(SIGABRT, tell);
    signal(SIGSEGV, tell);
    if (__sanitizer_set_death_callback != NULL)
        __sanitizer_set_death_callback(tell_sanitizer);
    for (int i = alone ? 2 : 1; i < argc; i++)
        load_all(argv[i]);
    qsort(files, count, sizeof(files[0]), by_path);
    if (refusing)
        return failing();
    for (size_t i = 0; i < count; i++)
        whole(&files[i]);
    const size_t as_they_are = runs;
    const clock_t end = clock() + (clock_t)(SECONDS * CLOCKS_PER_SEC);
    const size_t bytes = BYTES + BYTES_IN_ALL / (count > 0 ? count : 1);
    /* In turn, so that no file is left out where the time does not suffice for all. */
    for (size_t i = 0; !alone && i < CUTS + 1 + bytes; i++)
        for (size_t j = 0; j < count && clock() < end; j++)
            i <= CUTS ? cut(&files[j], i) : altered(&files[j], i);
    printf("%zu files, %zu inputs made of them\nfigures: %zu inputs tried by replays of fuzzing\n",
           as_they_are, runs - as_they_are, runs);
    for (size_t i = 0; i < count; i++)
        cv_buf_free(&files[i].bytes);
    return as_they_are > 0 ? 0 : 1;
}
