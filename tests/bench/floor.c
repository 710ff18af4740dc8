/* The least that a command can cost: to start, open SQLite, and append 4 KiB durably. With OpenSSL linked
 * (floor_openssl), also to set up the primitives that reading one record needs, and use none of them on more
 * than a block. Usage: floor DIR */
#include <fcntl.h>
#ifdef WITH_OPENSSL
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#endif
#include <sqlite3.h>
#include <stdint.h>
#include <unistd.h>

#ifdef WITH_OPENSSL
/* set_up(): one fetch of each kind of algorithm, and one X25519; the rest costs nothing beside them. */
static int set_up(void)
{
    uint8_t key[32] = { 1 };
    size_t n = sizeof(key);
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    EVP_PKEY *secret = EVP_PKEY_new_raw_private_key_ex(NULL, "X25519", NULL, key, sizeof(key));
    EVP_PKEY_CTX *derive = EVP_PKEY_CTX_new_from_pkey(NULL, secret, NULL);
    return EVP_MD_fetch(NULL, "SHA256", NULL) != NULL &&
           EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL) != NULL && EVP_KDF_fetch(NULL, "HKDF", NULL) != NULL &&
           EVP_PKEY_derive_init(derive) > 0 && EVP_PKEY_derive_set_peer(derive, secret) > 0 &&
           EVP_PKEY_derive(derive, key, &n) > 0;
}
#else
static int set_up(void)
{
    return 1;
}
#endif

int main(int argc, char **argv)
{
    static const uint8_t block[4096] = { 1 };
    sqlite3 *db = NULL;
    if (argc != 2 || chdir(argv[1]) != 0 || !set_up() || sqlite3_open("floor.db", &db) != SQLITE_OK ||
        sqlite3_exec(db, "PRAGMA journal_mode=WAL; CREATE TABLE IF NOT EXISTS t(a); SELECT * FROM t;", NULL,
                     NULL, NULL) != SQLITE_OK)
        return 1;
    const int fd = open("floor.dat", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, block, sizeof(block)) != sizeof(block) || fdatasync(fd) != 0)
        return 1;
    close(fd);
    sqlite3_close(db);
    return 0;
}
