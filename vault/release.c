#include "vault/release.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "crypto/random.h"
#include "formats/base64.h"
#include "vault/regular.h"

#define TITLE "casevault release keys v1\n"
#define HEADER_BYTES CV_RELEASE_HEADER_BYTES
#define BLOCK_SLOTS 2048

static void header_of(const char *vault, char out[static HEADER_BYTES])
{
    memset(out, 0, HEADER_BYTES);
    snprintf(out, HEADER_BYTES, TITLE "%s\n", vault);
}

static cv_status write_at(struct cv_release *r, uint64_t offset, struct cv_bytes bytes, struct cv_err *err)
{
    for (size_t done = 0; done < bytes.n;) {
        const ssize_t k = pwrite(r->fd, bytes.p + done, bytes.n - done, (off_t)(offset + done));
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return cv_fail_errno(err, "release.keys: cannot write; nothing was stored");
        done += (size_t)k;
    }
    return CV_OK;
}

/* fill_block(r, from, count): ${count} random keys, not yet synced. */
static cv_status fill_block(struct cv_release *r, uint64_t from, size_t count, struct cv_err *err)
{
    uint8_t keys[256 * CV_RELEASE_KEY_BYTES];
    cv_status st = CV_OK;
    while (count > 0 && st == CV_OK) {
        const size_t now = count < 256 ? count : 256;
        st = cv_random(keys, now * CV_RELEASE_KEY_BYTES);
        st = CV_THEN(st, write_at(r, HEADER_BYTES + from * CV_RELEASE_KEY_BYTES,
                                  CV_BYTES(keys, now * CV_RELEASE_KEY_BYTES), err));
        from += now;
        count -= now;
    }
    cv_wipe(keys, sizeof(keys));
    return st;
}

static cv_status sync_file(struct cv_release *r, struct cv_err *err)
{
    return fdatasync(r->fd) == 0 ? CV_OK : cv_fail_errno(err, "release.keys: cannot make the write durable");
}

cv_status cv_release_create(struct cv_release *r, int vault_dir, const char *vault, struct cv_err *err)
{
    char header[HEADER_BYTES];
    header_of(vault, header);
    *r = (struct cv_release){ .fd = openat(vault_dir, "release.keys", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
                                           0660) };
    if (r->fd < 0)
        return cv_fail_errno(err, "release.keys: cannot create");
    cv_status st = write_at(r, 0, CV_ARR(header), err);
    st = CV_THEN(st, cv_release_fill(r, 1, err));
    if (st == CV_OK && fsync(vault_dir) != 0)
        st = cv_fail_errno(err, "vault directory: cannot make release.keys durable");
    if (st != CV_OK)
        cv_release_close(r);
    return st;
}

/* open_as(r, dir, name, flags, vault): the header says whose it is. */
static cv_status open_as(struct cv_release *r, int dir, const char *name, int flags, const char *vault,
                         struct cv_err *err)
{
    char want[HEADER_BYTES], got[HEADER_BYTES];
    struct stat info;
    header_of(vault, want);
    *r = (struct cv_release){ .fd = cv_open_regular(dir, name, flags, 0) };
    if (r->fd < 0)
        return errno == ENOENT
                   ? cv_fail(err, CV_ERR_LOG, "%s is missing: no record can be opened without it", name)
                   : cv_fail_errno(err, "%s: cannot open", name);
    cv_status st = CV_OK;
    if (fstat(r->fd, &info) != 0 || pread(r->fd, got, sizeof(got), 0) != (ssize_t)sizeof(got))
        st = cv_fail(err, CV_ERR_LOG, "%s: cut short", name);
    else if (memcmp(got, want, sizeof(got)) != 0)
        st = cv_fail(err, CV_ERR_LOG, "%s: its header is damaged, or it belongs to another vault", name);
    else
        r->filled = ((uint64_t)info.st_size - HEADER_BYTES) / CV_RELEASE_KEY_BYTES;
    if (st != CV_OK)
        cv_release_close(r);
    return st;
}

cv_status cv_release_open(struct cv_release *r, int vault_dir, const char *vault, struct cv_err *err)
{
    return open_as(r, vault_dir, "release.keys", O_RDWR, vault, err);
}

cv_status cv_release_open_as(struct cv_release *r, int dir, const char *name, const char *vault,
                             struct cv_err *err)
{
    return open_as(r, dir, name, O_RDONLY, vault, err);
}

void cv_release_close(struct cv_release *r)
{
    if (r->fd >= 0)
        close(r->fd);
    *r = (struct cv_release){ .fd = -1 };
}

cv_status cv_release_peek(int vault_dir, char vault[static CV_RELEASE_VAULT_BYTES], bool *grown)
{
    char want[HEADER_BYTES], got[HEADER_BYTES];
    struct stat info;
    const size_t title = strlen(TITLE);
    vault[0] = '\0';
    *grown = false;
    const int fd = cv_open_regular(vault_dir, "release.keys", O_RDONLY, 0);
    if (fd < 0)
        return CV_ERR_NOTFOUND;
    const ssize_t n = pread(fd, got, sizeof(got), 0);
    *grown = fstat(fd, &info) == 0 && info.st_size > HEADER_BYTES + BLOCK_SLOTS * CV_RELEASE_KEY_BYTES;
    close(fd);
    if (n != (ssize_t)sizeof(got))
        return CV_ERR_FORMAT;
    memcpy(vault, got + title, CV_RELEASE_VAULT_BYTES - 1);
    vault[CV_RELEASE_VAULT_BYTES - 1] = '\0';
    header_of(vault, want);
    if (strspn(vault, "0123456789abcdef") == CV_RELEASE_VAULT_BYTES - 1 &&
        memcmp(got, want, sizeof(got)) == 0)
        return CV_OK;
    vault[0] = '\0';
    return CV_ERR_FORMAT;
}

cv_status cv_release_fill(struct cv_release *r, uint64_t slots, struct cv_err *err)
{
    struct stat info;
    if (fstat(r->fd, &info) != 0)
        return cv_fail_errno(err, "release.keys: cannot stat");
    /* Another process may have filled it; a block cut short by a power cut is written again. */
    r->filled = ((uint64_t)info.st_size - HEADER_BYTES) / CV_RELEASE_KEY_BYTES;
    if (slots <= r->filled)
        return CV_OK;
    const uint64_t want = (slots / BLOCK_SLOTS + 1) * BLOCK_SLOTS;
    cv_status st = fill_block(r, r->filled, (size_t)(want - r->filled), err);
    st = CV_THEN(st, sync_file(r, err));
    if (st == CV_OK)
        r->filled = want;
    else if (ftruncate(r->fd, (off_t)(HEADER_BYTES + r->filled * CV_RELEASE_KEY_BYTES)) != 0)
        st = CV_ERR_IO;
    return st;
}

cv_status cv_release_renew(struct cv_release *r, uint64_t from, struct cv_err *err)
{
    if (from >= r->filled)
        return CV_OK;
    cv_status st = fill_block(r, from, (size_t)(r->filled - from), err);
    return CV_THEN(st, sync_file(r, err));
}

cv_status cv_release_destroy(struct cv_release *r, const uint64_t *slots, size_t count, struct cv_err *err)
{
    static const uint8_t destroyed[CV_RELEASE_KEY_BYTES];
    struct stat info;
    if (fstat(r->fd, &info) != 0)
        return cv_fail_errno(err, "release.keys: cannot stat");
    r->filled = ((uint64_t)info.st_size - HEADER_BYTES) / CV_RELEASE_KEY_BYTES;
    cv_status st = CV_OK;
    for (size_t i = 0; i < count && st == CV_OK; i++)
        st = slots[i] == 0 || slots[i] >= r->filled
                 ? cv_fail(err, CV_ERR_LOG, "release.keys: there is no slot %" PRIu64, slots[i])
                 : CV_OK;
    for (size_t i = 0; i < count && st == CV_OK; i++)
        st = write_at(r, HEADER_BYTES + slots[i] * CV_RELEASE_KEY_BYTES, CV_ARR(destroyed), err);
    st = CV_THEN(st, sync_file(r, err));
    st = CV_THEN(st, fill_block(r, 0, 1, err));
    return CV_THEN(st, sync_file(r, err));
}

/* read_slots(r, slot, count, keys): ${keys} is to be freed. */
static cv_status read_slots(struct cv_release *r, uint64_t slot, size_t count, struct cv_secret *keys,
                            struct cv_err *err)
{
    cv_status st = slot > UINT32_MAX
                       ? cv_fail(err, CV_ERR_LOG, "release.keys: there is no slot %" PRIu64, slot)
                       : cv_secret_alloc(keys, count * CV_RELEASE_KEY_BYTES);
    if (st != CV_OK)
        return st;
    const ssize_t n = pread(r->fd, keys->p, keys->n, (off_t)(HEADER_BYTES + slot * CV_RELEASE_KEY_BYTES));
    if (n < 0)
        return cv_fail_errno(err, "release.keys: cannot read slot %" PRIu64, slot);
    if ((size_t)n != keys->n)
        return cv_fail(err, CV_ERR_LOG, "release.keys: slot %" PRIu64 " is missing; the file was cut",
                       slot + (uint64_t)n / CV_RELEASE_KEY_BYTES);
    return CV_OK;
}

cv_status cv_release_hash(struct cv_release *r, uint64_t slot, size_t count, uint8_t out[static 32],
                          struct cv_err *err)
{
    struct cv_secret keys = { 0 };
    cv_status st = count > CV_RELEASE_HASH_MAX ? CV_ERR_ARG : read_slots(r, slot, count, &keys, err);
    st = CV_THEN(st, cv_sha256(cv_secret_view(&keys), out));
    cv_secret_free(&keys);
    return st;
}

cv_status cv_release_gone(struct cv_release *r, uint64_t slot, size_t count, bool *gone, struct cv_err *err)
{
    static const uint8_t destroyed[CV_RELEASE_KEY_BYTES];
    struct cv_secret keys = { 0 };
    cv_status st = count > CV_RELEASE_GONE_MAX ? CV_ERR_ARG : read_slots(r, slot, count, &keys, err);
    for (size_t i = 0; i < count && st == CV_OK; i++)
        gone[i] = memcmp(keys.p + i * CV_RELEASE_KEY_BYTES, destroyed, sizeof(destroyed)) == 0;
    cv_secret_free(&keys);
    return st;
}

cv_status cv_release_get(struct cv_release *r, uint64_t slot, struct cv_secret *key, struct cv_err *err)
{
    static const uint8_t destroyed[CV_RELEASE_KEY_BYTES];
    *key = (struct cv_secret){ 0 };
    if (slot > UINT32_MAX)
        return cv_fail(err, CV_ERR_LOG, "release.keys: there is no slot %" PRIu64, slot);
    cv_status st = cv_secret_alloc(key, CV_RELEASE_KEY_BYTES);
    if (st != CV_OK)
        return st;
    const ssize_t n = pread(r->fd, key->p, key->n, (off_t)(HEADER_BYTES + slot * CV_RELEASE_KEY_BYTES));
    if (n < 0)
        st = cv_fail_errno(err, "release.keys: cannot read slot %" PRIu64, slot);
    else if ((size_t)n != key->n)
        st = cv_fail(err, CV_ERR_LOG, "release.keys: slot %" PRIu64 " is missing; the file was cut", slot);
    else if (cv_bytes_equal_ct(cv_secret_view(key), CV_ARR(destroyed)))
        st = cv_fail(err, CV_ERR_NOKEY, "its release key was destroyed: this version was erased");
    if (st != CV_OK)
        cv_secret_free(key);
    return st;
}

cv_status cv_release_state(struct cv_release *r, char out[static CV_RELEASE_STATE_BYTES], struct cv_err *err)
{
    struct cv_secret slot = { 0 };
    uint8_t hash[CV_SHA256_BYTES] = { 0 };
    cv_status st = cv_release_get(r, 0, &slot, err);
    st = CV_THEN(st, cv_sha256(cv_secret_view(&slot), hash));
    if (st == CV_OK)
        cv_hex_encode(CV_BYTES(hash, (CV_RELEASE_STATE_BYTES - 1) / 2), out);
    cv_secret_free(&slot);
    return st;
}
