/* Policies: one note, or two with a byte 0xff between them, of which the second follows the first. Every
 * signature is good. What is read writes its text again, byte for byte, reads the same as a draft and by its
 * hash, and can be told apart from itself by nothing. */
#include "tests/fuzz/fuzz.h"

#include "formats/policy_diff.h"

static void say(void *arg, const char *line)
{
    must(line[0] != '\0');
    ++*(size_t *)arg;
}

static void whole(struct cv_bytes bytes, const struct cv_policy *p, const struct cv_policy *before)
{
    struct cv_policy *copy = NULL, *loaded = NULL, *draft = NULL;
    struct cv_note note = { 0 };
    struct cv_buf text = { 0 };
    size_t lines = 0;
    if (before != NULL)
        cv_policy_diff(before, p, say, &lines);
    lines = 0;
    cv_policy_diff(p, p, say, &lines);
    must(lines == 0);
    must(cv_note_parse(bytes, &note, NULL) == CV_OK);
    must(cv_policy_copy(p, &copy) == CV_OK && cv_policy_text(copy, &text) == CV_OK);
    fuzz_same(cv_buf_view(&text), note.text);
    must(memcmp(copy->hash, p->hash, sizeof(p->hash)) == 0 && strcmp(copy->vault, p->vault) == 0);
    must(cv_policy_load(bytes, p->vault_id, p->hash, &loaded, NULL) == CV_OK);
    must(loaded->number == p->number && loaded->member_count == p->member_count);
    must(cv_policy_draft(note.text, before, &draft, NULL) == CV_OK);
    must(memcmp(draft->hash, p->hash, sizeof(p->hash)) == 0);
    for (size_t i = 0; i < p->member_count; i++)
        must(cv_policy_member(p, p->members[i].key.pseudonym) == &p->members[i]);
    for (size_t i = 0; i < p->section_count; i++)
        must(cv_policy_section(p, p->sections[i].name) == &p->sections[i]);
    cv_policy_free(copy);
    cv_policy_free(loaded);
    cv_policy_free(draft);
    cv_note_free(&note);
    cv_buf_free(&text);
}

static struct cv_policy *judged(struct cv_bytes bytes, const struct cv_policy *before)
{
    struct cv_policy *p = NULL;
    struct cv_err err = { 0 };
    if (!fuzz_judged(cv_policy_parse(bytes, before, &p, &err), &err, 0)) {
        must(p == NULL);
        return NULL;
    }
    must(p != NULL && p->number == (before != NULL ? before->number + 1 : 1));
    whole(bytes, p, before);
    return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct cv_bytes rest = CV_BYTES(p, n);
    struct cv_policy *before = NULL;
    do {
        struct cv_policy *next = judged(fuzz_part(&rest), before);
        cv_policy_free(before);
        before = next;
    } while (before != NULL && rest.n > 0);
    cv_policy_free(before);
    return 0;
}
