/* A segment of the archive, as any process reads it that opens the vault; signatures are good, hashes are
 * not. A reader that stops at damage and one that goes on after it agree: where the one finds nothing, the
 * other tells of nothing, and comes as far. */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vault/scan.h"

static char place[256];
static struct cv_segments segments = CV_SEGMENTS_NONE;

static void clear(void)
{
    char path[320];
    cv_segments_close(&segments);
    snprintf(path, sizeof(path), "%s/archive/00000001.tar", place);
    unlink(path);
    snprintf(path, sizeof(path), "%s/archive", place);
    rmdir(path);
    rmdir(place);
}

static void make_place(void)
{
    const char *dir = getenv("TMPDIR");
    snprintf(place, sizeof(place), "%s/casevault-fuzz-XXXXXX", dir != NULL ? dir : "/tmp");
    must(mkdtemp(place) != NULL && atexit(clear) == 0);
    const int fd = open(place, O_RDONLY | O_DIRECTORY);
    must(fd >= 0 && mkdirat(fd, "archive", 0700) == 0);
    must(cv_segments_open(&segments, fd, false, NULL) == CV_OK);
    close(fd);
}

static void write_segment(struct cv_bytes bytes)
{
    const int fd = openat(segments.dir, "00000001.tar", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    must(fd >= 0);
    for (size_t at = 0; at < bytes.n;) {
        const ssize_t k = write(fd, bytes.p + at, bytes.n - at);
        must(k > 0);
        at += (size_t)k;
    }
    close(fd);
}

static cv_status damage(void *arg, uint64_t index, enum cv_kind kind, const char *what)
{
    size_t *told = arg;
    (void)index;
    must(kind <= CV_KIND_COUNT && what != NULL && what[0] != '\0');
    ++*told;
    return CV_OK;
}

/* read_all(on, told, next, tail): ${on}: go on after damage, and count it. */
static cv_status read_all(bool on, size_t *told, uint64_t *next, enum cv_tail *tail)
{
    struct cv_chain chain = { 0 };
    struct cv_err err = { 0 };
    struct cv_scan scan = { .segments = &segments, .chain = &chain, .segment = 1, .arg = told };
    if (on)
        scan.on_damage = damage;
    const cv_status st = cv_scan_run(&scan, &err);
    must(st == CV_OK || (err.status == st && err.msg[0] != '\0'));
    *next = chain.next;
    *tail = scan.tail;
    cv_scan_free(&scan);
    cv_chain_free(&chain);
    return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    size_t none = 0, told = 0;
    uint64_t strict = 0, lenient = 0;
    enum cv_tail tail, other;
    if (place[0] == '\0')
        make_place();
    write_segment(CV_BYTES(p, n));
    const cv_status st = read_all(false, &none, &strict, &tail);
    const cv_status went_on = read_all(true, &told, &lenient, &other);
    if (st == CV_OK && tail == CV_TAIL_NONE) {
        must(went_on == CV_OK && told == 0 && other == CV_TAIL_NONE && strict == lenient);
        fuzz_taken = strict > 0;
    } else
        must(st != CV_OK || lenient >= strict);
    return 0;
}
