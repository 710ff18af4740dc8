// Reads a published log with Go's own note and tlog packages, which know nothing of casevault.
//
// Usage: tlog DIR KEY [SIZE ROOT]
// The checkpoint's signature by KEY; every tile against its root; every entry against the tiles; the root anew
// from the entries alone; inclusion of some entries; and that the tree of SIZE and ROOT is a beginning of it.
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height, width = 8, 256

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "tlog:", err)
		os.Exit(1)
	}
}

// The tiles of a directory. Go's own paths name the height as well.
type dir string

func (d dir) Height() int { return height }

func (d dir) SaveTiles([]tlog.Tile, [][]byte) {}

func (d dir) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		name := strings.Replace(t.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(string(d), name))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (d dir) entries(size int64) [][]byte {
	var all [][]byte
	for n := int64(0); n*width < size; n++ {
		t := tlog.Tile{H: height, L: 0, N: n, W: width}
		if size-n*width < width {
			t.W = int(size - n*width)
		}
		name := strings.Replace(t.Path(), "tile/8/0/", "tile/entries/", 1)
		data, err := os.ReadFile(filepath.Join(string(d), name))
		check(err)
		for i := 0; i < t.W; i++ {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				check(errors.New(name + ": cut short"))
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			all = append(all, data[2:end])
			data = data[end:]
		}
		if len(data) > 0 {
			check(errors.New(name + ": longer than its entries"))
		}
	}
	return all
}

func tree(size, root string) tlog.Tree {
	n, err := strconv.ParseInt(size, 10, 64)
	check(err)
	h, err := tlog.ParseHash(root)
	check(err)
	return tlog.Tree{N: n, Hash: h}
}

func main() {
	d := dir(os.Args[1])
	verifier, err := note.NewVerifier(os.Args[2])
	check(err)
	signed, err := os.ReadFile(filepath.Join(string(d), "checkpoint"))
	check(err)
	opened, err := note.Open(signed, note.VerifierList(verifier))
	check(err)
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		check(errors.New("checkpoint: not three lines of this log"))
	}
	head := tree(lines[1], lines[2])
	reader := tlog.TileHashReader(head, d)

	// Every entry is what the tiles hold, and the tiles lead to the root.
	entries := d.entries(head.N)
	var indexes []int64
	for i := range entries {
		indexes = append(indexes, tlog.StoredHashIndex(0, int64(i)))
	}
	hashes, err := reader.ReadHashes(indexes)
	check(err)
	for i, e := range entries {
		if tlog.RecordHash(e) != hashes[i] {
			check(fmt.Errorf("entry %d does not hash to its tile", i))
		}
	}

	// The same root from the entries alone.
	var stored []tlog.Hash
	apart := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, i := range indexes {
			out = append(out, stored[i])
		}
		return out, nil
	})
	for i, e := range entries {
		more, err := tlog.StoredHashes(int64(i), e, apart)
		check(err)
		stored = append(stored, more...)
	}
	root, err := tlog.TreeHash(head.N, apart)
	check(err)
	if root != head.Hash {
		check(errors.New("the entries do not lead to the root"))
	}

	proved := 0
	for i := int64(0); i < head.N; i += 1 + head.N/20 {
		p, err := tlog.ProveRecord(head.N, i, reader)
		check(err)
		check(tlog.CheckRecord(p, head.N, head.Hash, i, tlog.RecordHash(entries[i])))
		proved++
	}
	if len(os.Args) > 4 {
		old := tree(os.Args[3], os.Args[4])
		p, err := tlog.ProveTree(head.N, old.N, reader)
		check(err)
		check(tlog.CheckTree(p, head.N, head.Hash, old.N, old.Hash))
	}
	fmt.Printf("%d entries, %d proofs of inclusion\n", head.N, proved)
}
