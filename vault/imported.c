#include "vault/imported.h"

#include <string.h>

#include "vault/schedule.h"

#define SECTIONS_MAX 64 /* as many as there are bits */
#define FLAGS_AT 24     /* what is before them is 8 bytes of the file, and the digest */

/* A mark under way. */
struct masking {
    uint8_t body[FLAGS_AT];
    uint64_t flags, sections; /* hidden; and shown */
};

/* mask(v, m, i, section, batch key, handle): what section ${i} hides, or shows: which of the two, its bit
 * tells after it was turned, or before. */
static cv_status mask(const struct cv_vault *v, struct masking *m, size_t i, const char *section,
                      struct cv_bytes batch_key, const uint8_t *handle, bool hide)
{
    const struct cv_place_of x = { cv_vault_policy(v)->vault_id, handle, section };
    const uint64_t bit = (uint64_t)1 << i;
    uint8_t pad[CV_PART_KEY_BYTES];
    cv_status st = cv_schedule_imported(batch_key, &x, pad);
    if (st != CV_OK)
        return st;
    const uint64_t before = m->flags & bit;
    m->flags ^= (pad[CV_PART_KEY_BYTES - 1] & 1) != 0 ? bit : 0;
    const bool hangs = (hide ? before : m->flags & bit) != 0;
    for (size_t k = 0; hangs && k < sizeof(m->body); k++)
        m->body[k] ^= pad[k];
    m->sections |= hangs ? bit : 0;
    cv_wipe(pad, sizeof(pad));
    return CV_OK;
}

cv_status cv_imported_hide(const struct cv_vault *v, const uint8_t handle[static CV_HANDLE_BYTES],
                           const struct cv_imported *from, uint8_t out[static CV_IMPORTED_BYTES])
{
    struct masking m = { .flags = from->sections };
    const char *section;
    cv_status st = CV_OK;
    memcpy(m.body, from->digest, sizeof(from->digest));
    cv_store_u64(m.body + sizeof(from->digest), from->file);
    for (size_t i = 0;
         st == CV_OK && i < SECTIONS_MAX && (section = cv_template_section(v->template, i)) != NULL; i++) {
        const struct cv_bytes key = cv_writer_key(v, section);
        if (key.n > 0)
            st = mask(v, &m, i, section, key, handle, true);
    }
    memcpy(out, m.body, sizeof(m.body));
    cv_store_u64(out + FLAGS_AT, m.flags);
    return CV_THEN(st, m.sections == from->sections ? CV_OK : CV_ERR_INTERNAL);
}

cv_status cv_imported_show(struct cv_vault *v, uint64_t batch, const uint8_t handle[static CV_HANDLE_BYTES],
                           const uint8_t mark[static CV_IMPORTED_BYTES], struct cv_imported *out)
{
    struct masking m = { .flags = cv_load_u64(mark + FLAGS_AT) };
    const char *section;
    cv_status st = CV_OK;
    *out = (struct cv_imported){ 0 };
    memcpy(m.body, mark, sizeof(m.body));
    for (size_t i = 0;
         st == CV_OK && i < SECTIONS_MAX && (section = cv_template_section(v->template, i)) != NULL; i++) {
        struct cv_bytes key = { 0 };
        if (cv_vault_may_read(v, section) && cv_keyring_batch(v->keys, batch, section, &key, NULL) == CV_OK)
            st = mask(v, &m, i, section, key, handle, false);
    }
    memcpy(out->digest, m.body, sizeof(out->digest));
    out->file = cv_load_u64(m.body + sizeof(out->digest));
    out->sections = m.sections;
    return CV_THEN(st, m.sections != 0 ? CV_OK : CV_ERR_NOKEY);
}
