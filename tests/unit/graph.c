/* The page of a graph: whatever stands in its JSON is text in it, or left out; one input gives one page. */
#include "formats/graph.h"
#include "test.h"

static struct cv_json *doc_of(const char *text)
{
    struct cv_json *doc = NULL;
    assert_ok(cv_json_parse(cv_bytes_str(text), 1 << 22, "row", &doc, NULL));
    return doc;
}

/* times(page, word): how often it stands there. */
static size_t times(const struct cv_buf *page, const char *word)
{
    size_t n = 0;
    const uint8_t *at = page->p;
    size_t left = page->n;
    while ((at = memmem(at, left, word, strlen(word))) != NULL) {
        n++;
        at++;
        left = page->n - (size_t)(at - page->p);
    }
    return n;
}

#define HEAD "{\"case\":\"A\",\"title\":\"T\",\"vault\":\"V\",\"made\":\"M\",\"by\":\"B\""
#define BAD "</title></svg><script>x</script>\\\"'&\\u202e"

static void test_text(void **state)
{
    static const struct {
        const char *json;
        cv_status want;
    } rows[] = {
        { HEAD "}", CV_OK },
        { "{}", CV_ERR_FORMAT },
        { "[]", CV_ERR_FORMAT },
        { "{\"case\":7}", CV_ERR_FORMAT },
        { HEAD ",\"shared\":7,\"cases\":{},\"closed\":\"x\"}", CV_OK },
        { HEAD ",\"shared\":[7,null,[],{}],\"cases\":[null,7,{\"case\":7}],\"closed\":[7,null,\"\"]}",
          CV_OK },
        { HEAD ",\"shared\":[{\"kind\":7,\"text\":[],\"records\":{},\"cases\":[7,{}],\"more\":\"x\"}]}",
          CV_OK },
        { "{\"case\":\"" BAD "\",\"title\":\"" BAD "\",\"vault\":\"" BAD "\",\"made\":\"" BAD
          "\",\"by\":\"" BAD "\",\"training\":true,\"shared\":[{\"kind\":\"" BAD "\",\"text\":\"" BAD
          "\",\"records\":[\"" BAD "\"],\"cases\":[{\"case\":\"" BAD "\",\"records\":[\"" BAD
          "\"],\"text\":\"" BAD "\"}]},{\"kind\":\"phone\",\"text\":\"" BAD "\",\"records\":[\"" BAD
          "\"],\"cases\":[{\"case\":\"" BAD "\",\"records\":[\"" BAD
          "\"],\"text\":\"x\"}]}],\"cases\":[{\"case\":\"" BAD "\",\"type\":\"" BAD "\",\"title\":\"" BAD
          "\"}],\"closed\":[\"" BAD "\"]}",
          CV_OK },
    };
    static const char backwards[] = { (char)0xe2, (char)0x80, (char)0xae, '\0' }; /* U+202E */
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cv_json *doc = doc_of(rows[i].json);
        struct cv_buf page = { 0 }, again = { 0 };
        assert_status(cv_graph_page(doc, NULL, &page), rows[i].want);
        if (rows[i].want == CV_OK) {
            assert_int_equal(times(&page, "<script"), 0);
            assert_int_equal(times(&page, backwards), 0);
            assert_int_equal(times(&page, "</html>"), 1);
            assert_int_equal(times(&page, "<svg class=\"graph\""), times(&page, "</desc>"));
            assert_ok(cv_graph_page(doc, NULL, &again));
            assert_bytes(cv_buf_view(&again), cv_buf_view(&page));
        }
        cv_buf_free(&page);
        cv_buf_free(&again);
        cv_json_free(doc);
    }
}

/* More than a sheet can show: the drawing ends, the tables do not. */
static void test_many(void **state)
{
    struct cv_buf text = { 0 }, page = { 0 };
    (void)state;
    assert_ok(cv_buf_str(&text, HEAD ",\"shared\":["));
    for (unsigned i = 0; i < 100; i++)
        assert_ok(
            cv_buf_printf(&text,
                          "%s{\"kind\":\"phone\",\"text\":\"+%u\",\"records\":[\"A\"],\"more\":0,\"cases\":"
                          "[{\"case\":\"C%u\",\"text\":\"+%u\",\"records\":[\"R%u\"]}]}",
                          i > 0 ? "," : "", i, i, i, i));
    assert_ok(cv_buf_str(&text, "],\"cases\":["));
    for (unsigned i = 0; i < 100; i++)
        assert_ok(cv_buf_printf(&text, "%s{\"case\":\"C%u\",\"type\":\"case\"}", i > 0 ? "," : "", i));
    assert_ok(cv_buf_str(&text, "],\"closed\":[]}"));
    assert_ok(cv_buf_append(&text, CV_LIT("\0")));
    struct cv_json *doc = doc_of((const char *)text.p);
    assert_ok(cv_graph_page(doc, NULL, &page));
    assert_int_equal(times(&page, "<rect class=\"node value\""), 40);
    assert_int_equal(times(&page, "<rect class=\"node other\""), 30);
    assert_int_equal(times(&page, "<tr id=\"shared-"), 100);
    assert_int_equal(times(&page, "<tr id=\"case-"), 100);
    assert_int_equal(
        times(&page, "Drawn are at most 40 things and 30 cases; the tables have all 100 and 100."), 1);
    cv_json_free(doc);
    cv_buf_free(&text);
    cv_buf_free(&page);
}

static void test_kinds(void **state)
{
    (void)state;
    for (size_t k = 0; k < CV_GRAPH_KINDS; k++)
        assert_int_equal(cv_graph_kind(cv_graph_kinds[k].kind), k);
    assert_int_equal(cv_graph_kind("birth"), CV_GRAPH_KINDS);
    assert_int_equal(cv_graph_kind(NULL), CV_GRAPH_KINDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
