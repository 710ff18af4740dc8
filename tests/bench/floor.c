/* The least that a command can cost: to start, open SQLite, and append 4 KiB durably. Usage: floor DIR */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdint.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    static const uint8_t block[4096] = { 1 };
    sqlite3 *db = NULL;
    if (argc != 2 || chdir(argv[1]) != 0 || sqlite3_open("floor.db", &db) != SQLITE_OK ||
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
