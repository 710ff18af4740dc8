#include "vault/traces.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/leaf.h"
#include "formats/tar.h"
#include "vault/memory.h"
#include "vault/release.h"

/* remembered(vault): did this user ever see it? A memory that cannot be read is one all the same. */
static bool remembered(const char *vault)
{
    uint64_t size;
    struct cv_hash root;
    return cv_memory_read(vault, &size, &root, NULL) != CV_ERR_NOTFOUND;
}

/* other_segments(vault_dir): does the archive hold more than the first one? */
static bool other_segments(int vault_dir)
{
    const int fd = openat(vault_dir, "archive", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    bool found = false;
    if (d == NULL) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    for (const struct dirent *e = readdir(d); e != NULL && !found; e = readdir(d))
        found = strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
                strcmp(e->d_name, "00000001.tar") != 0;
    closedir(d);
    return found;
}

cv_status cv_traces_judge(int vault_dir, const char *path, struct cv_err *err)
{
    char vault[CV_RELEASE_VAULT_BYTES];
    bool grown = false;
    const cv_status keys = cv_release_peek(vault_dir, vault, &grown);
    if (grown || (vault[0] != '\0' && remembered(vault)) || other_segments(vault_dir))
        return cv_fail(err, CV_ERR_LOG,
                       "%s: the archive is gone or cut; restore it from a backup, and keep release.keys",
                       path);
    if (keys == CV_ERR_NOTFOUND && faccessat(vault_dir, "archive", F_OK, 0) != 0)
        return cv_fail(err, CV_ERR_NOVAULT, "%s: no vault here", path);
    return cv_fail(
        err, CV_ERR_NOVAULT,
        "%s: no vault here: init was cut short. Unless somebody knows that records were kept here, "
        "remove the directory",
        path);
}

cv_status cv_traces_archive(struct cv_segments *s, int vault_dir, const char *path, struct cv_err *err)
{
    struct cv_err why = { 0 };
    cv_status st = cv_segments_open(s, vault_dir, false, &why);
    if (st == CV_ERR_NOVAULT)
        return cv_traces_judge(vault_dir, path, err);
    return st == CV_OK ? CV_OK : cv_fail(err, st, "%s", why.msg);
}

bool cv_traces_founding(struct cv_segments *s)
{
    struct cv_buf bytes = { 0 };
    uint64_t size = 0;
    size_t commits = 0;
    bool only = cv_segment_size(s, 1, &size, NULL) == CV_OK && size <= CV_SEGMENT_BYTES &&
                cv_segment_read(s, 1, 0, (size_t)size, &bytes, NULL) == CV_OK;
    for (size_t at = 0; only && at + CV_TAR_BLOCK_BYTES <= bytes.n; at += CV_TAR_BLOCK_BYTES) {
        char name[CV_TAR_NAME_MAX + 1];
        uint64_t of = 0, index = 0;
        enum cv_kind kind;
        if (cv_tar_header(bytes.p + at, name, &of) != CV_OK ||
            cv_entry_name_parse(name, &index, &kind) != CV_OK)
            continue;
        commits += kind == CV_KIND_CHECKPOINT;
        only = commits <= 1 && (kind == CV_KIND_POLICY || kind == CV_KIND_TEMPLATE || kind == CV_KIND_SEALS ||
                                kind == CV_KIND_CHECKPOINT);
    }
    cv_buf_free(&bytes);
    return only;
}
