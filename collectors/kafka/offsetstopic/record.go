// Package offsetstopic reads what __consumer_offsets shows: who committed an offset, and
// which offsets were removed. A commit does not carry its member or its generation. But the
// broker accepts a commit without them only while the group has no members, and the topic
// has the records of its members in the same partition, in order.
package offsetstopic

import (
	"encoding/binary"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Record is what is kept of one record. Its zero value is a record that says nothing.
type Record struct {
	Kind  Kind
	Group string

	// Of a commit or a removal:
	Topic     string
	Partition int32

	// Of a commit:
	Offset int64
	// Epoch is the leader epoch of the last message that the client received before; -1 where
	// it received none since it set its position, and where its library sends none.
	Epoch         int32
	Transactional bool

	At int64 // milliseconds since 1970, on the broker's clock
}

// Kind is what a record says.
type Kind uint8

// The kinds of records.
const (
	None Kind = iota
	// Commit: a client committed an offset.
	Commit
	// Removal: the broker removed an offset that expired or was deleted.
	Removal
	// Emptied: the group has no members. Its record lists all that it has.
	Emptied
	// Joined: the group may have members, or other members than before.
	Joined
	// Dissolved: the group is gone.
	Dissolved
)

// The versions of keys. Each is a type of record. What comes after them is about the members
// of groups of newer protocols; there the group is the first field, too.
const (
	keyCommit  = 1 // and 0, before Kafka 0.9
	keyClassic = 2
)

const (
	// Longest is how much of a key or value is kept. The metadata of a group without members
	// is far shorter.
	Longest = 64 << 10
	// newestCommit and newestGroup are the versions of values that are known.
	newestCommit = 4
	newestGroup  = 4
)

// Parse reads one record. value is nil where it is longer than Longest or deleted. A record that
// cannot be read is of kind None.
func Parse(key, value []byte, deleted bool) Record {
	if len(key) < 2 {
		return Record{}
	}
	switch version := int16(binary.BigEndian.Uint16(key)); { //nolint:gosec // the sign is a part of the format
	case version < 0:
		return Record{}
	case version <= keyCommit:
		return parseCommit(key, value, deleted)
	case version == keyClassic:
		return parseClassic(key, value, deleted)
	}
	return Record{Kind: Joined, Group: first(key[2:])}
}

func parseCommit(key, value []byte, deleted bool) Record {
	var k kmsg.OffsetCommitKey
	if k.ReadFrom(key) != nil || k.Partition < 0 {
		return Record{}
	}
	r := Record{Kind: Removal, Group: k.Group, Topic: k.Topic, Partition: k.Partition, Offset: -1, Epoch: -1}
	if deleted {
		return r
	}
	v := kmsg.OffsetCommitValue{LeaderEpoch: -1}
	if !knows(value, newestCommit) || v.ReadFrom(value) != nil || v.Offset < 0 {
		return Record{}
	}
	r.Kind, r.Offset, r.At = Commit, v.Offset, v.CommitTimestamp
	if v.Version >= 3 {
		r.Epoch = v.LeaderEpoch
	}
	return r
}

func parseClassic(key, value []byte, deleted bool) Record {
	var k kmsg.GroupMetadataKey
	if k.ReadFrom(key) != nil {
		return Record{}
	}
	r := Record{Kind: Joined, Group: k.Group}
	if deleted {
		r.Kind = Dissolved
	} else if since, empty := emptied(value); empty {
		r.Kind, r.At = Emptied, since
	}
	return r
}

// emptied reports whether the metadata of a classic group lists no members, and since when that
// is so. kmsg can decode it, too, and runs for a minute where the bytes claim billions of tags.
func emptied(value []byte) (since int64, empty bool) {
	if !knows(value, newestGroup) {
		return 0, false
	}
	b := kbin.Reader{Src: value}
	version := b.Int16()
	text, nullable, count := b.String, b.NullableString, b.ArrayLen
	if version >= 4 {
		text, nullable, count = b.CompactString, b.CompactNullableString, b.CompactArrayLen
	}
	protocol := text()
	b.Int32() // generation
	nullable()
	nullable() // leader
	if version >= 2 {
		since = b.Int64()
	}
	members := count()
	return since, b.Ok() && members == 0 && protocol != ""
}

// knows reports whether a value is of a known version.
func knows(value []byte, newest int16) bool {
	return len(value) >= 2 && int16(binary.BigEndian.Uint16(value)) <= newest && value[0] < 0x80 //nolint:gosec // the sign is a part of the format
}

// first reads the string that a key begins with; empty where it is cut off.
func first(b []byte) string {
	if len(b) < 2 {
		return ""
	}
	size := int(binary.BigEndian.Uint16(b))
	if size > len(b)-2 {
		return ""
	}
	return string(b[2 : 2+size])
}
