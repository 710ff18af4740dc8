#ifndef CV_VAULT_SEALED_DB_H
#define CV_VAULT_SEALED_DB_H

#include <sqlite3.h>

#include "crypto/bytes.h"
#include "formats/err.h"

/* An SQLite database that lies in a file as one Cobblestone-256 message, behind a header of the caller's; for
 * shard.c alone. Its plaintext is in this process's memory only, and wiped with what SQLite frees. */

/**
 * cv_sealed_db_open(fd, header, key, context, out): to read from, chunk by chunk as SQLite asks for it:
 * ${header} bytes of the file come first. Takes ${fd} over, also when it fails. CV_OK; CV_ERR_AUTH;
 * CV_ERR_FORMAT if it is cut; CV_ERR_IO; CV_ERR_NOMEM. What is found damaged later makes SQLite's calls fail
 * with SQLITE_IOERR or SQLITE_CORRUPT.
 */
CV_MUST_CHECK cv_status cv_sealed_db_open(int fd, size_t header, struct cv_bytes key, struct cv_bytes context,
                                          sqlite3 **out);

/** cv_sealed_db_load(fd, ...): all of it into memory, to write to; an empty database if ${fd} is -1. As
 * cv_sealed_db_open. */
CV_MUST_CHECK cv_status cv_sealed_db_load(int fd, size_t header, struct cv_bytes key, struct cv_bytes context,
                                          sqlite3 **out);

/** cv_sealed_db_rest(db): what it holds of its file goes, and is opened again when it is asked for. */
void cv_sealed_db_rest(sqlite3 *db);

/** cv_sealed_db_seal(db, key, context, out): append the message to ${out}. CV_OK; CV_ERR_NOMEM;
 * CV_ERR_LIMIT. */
CV_MUST_CHECK cv_status cv_sealed_db_seal(sqlite3 *db, struct cv_bytes key, struct cv_bytes context,
                                          struct cv_buf *out);

#endif
