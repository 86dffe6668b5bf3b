package offsetstopic_test

import (
	"encoding/binary"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/collectors/kafka/offsetstopic"
)

func commitKey(version int16) []byte {
	k := kmsg.OffsetCommitKey{Version: version, Group: "billing", Topic: "orders", Partition: 3}
	return k.AppendTo(nil)
}

func commitValue(version int16) []byte {
	v := kmsg.OffsetCommitValue{Version: version, Offset: 42, LeaderEpoch: 7, Metadata: "m", CommitTimestamp: 1700, ExpireTimestamp: 1800}
	return v.AppendTo(nil)
}

func groupValue(version int16, members int) []byte {
	v := kmsg.GroupMetadataValue{Version: version, ProtocolType: "consumer", Generation: 9, CurrentStateTimestamp: 1900}
	for range members {
		v.Members = append(v.Members, kmsg.GroupMetadataValueMember{MemberID: "one", Subscription: []byte("s"), Assignment: []byte("a")})
	}
	return v.AppendTo(nil)
}

var classicKey = (&kmsg.GroupMetadataKey{Version: 2, Group: "billing"}).AppendTo(nil)

// newerKey is of a record about a member of a KIP-848 group.
func newerKey(version uint16) []byte {
	key := binary.BigEndian.AppendUint16(nil, version)
	key = append(binary.BigEndian.AppendUint16(key, 7), "billing"...)
	return append(binary.BigEndian.AppendUint16(key, 3), "one"...)
}

func TestRecordsAreParsed(t *testing.T) {
	commit := offsetstopic.Record{Kind: offsetstopic.Commit, Group: "billing", Topic: "orders", Partition: 3, Offset: 42, Epoch: 7, At: 1700}
	old := commit
	old.Epoch = -1
	joined := offsetstopic.Record{Kind: offsetstopic.Joined, Group: "billing"}
	for name, test := range map[string]struct {
		key, value []byte
		deleted    bool
		want       offsetstopic.Record
	}{
		"a commit, value version 1":          {commitKey(1), commitValue(1), false, old},
		"a commit, value version 3":          {commitKey(1), commitValue(3), false, commit},
		"a commit, value version 4":          {commitKey(1), commitValue(4), false, commit},
		"a commit, key version 0":            {commitKey(0), commitValue(3), false, commit},
		"a commit of an unknown version":     {commitKey(1), commitValue(5), false, offsetstopic.Record{}},
		"a commit that is cut off":           {commitKey(1), commitValue(3)[:9], false, offsetstopic.Record{}},
		"a commit whose value is too long":   {commitKey(1), nil, false, offsetstopic.Record{}},
		"an offset that was removed":         {commitKey(1), nil, true, offsetstopic.Record{Kind: offsetstopic.Removal, Group: "billing", Topic: "orders", Partition: 3, Offset: -1, Epoch: -1}},
		"a classic group with members":       {classicKey, groupValue(3, 2), false, joined},
		"a classic group without members":    {classicKey, groupValue(3, 0), false, offsetstopic.Record{Kind: offsetstopic.Emptied, Group: "billing", At: 1900}},
		"the same, value version 4":          {classicKey, groupValue(4, 0), false, offsetstopic.Record{Kind: offsetstopic.Emptied, Group: "billing", At: 1900}},
		"a group whose members are too many": {classicKey, nil, false, joined},
		"a group that is gone":               {classicKey, nil, true, offsetstopic.Record{Kind: offsetstopic.Dissolved, Group: "billing"}},
		"a member of a KIP-848 group":        {newerKey(5), []byte{0, 0}, false, joined},
		"a type that is not known yet":       {newerKey(200), nil, false, joined},
		"no key":                             {nil, nil, false, offsetstopic.Record{}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := offsetstopic.Parse(test.key, test.value, test.deleted); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// FuzzRecord reads records as any version of a broker, or a client with WRITE on the topic,
// could write them.
func FuzzRecord(f *testing.F) {
	for _, version := range []int16{0, 1, 2, 3, 4} {
		f.Add(commitKey(1), commitValue(version), false)
		f.Add(classicKey, groupValue(version, 2), false)
	}
	f.Add(commitKey(1), []byte(nil), true)
	f.Add(newerKey(5), []byte(nil), true)
	f.Fuzz(func(t *testing.T, key, value []byte, deleted bool) {
		r := offsetstopic.Parse(key, value, deleted)
		if r.Partition < 0 || r.Kind == offsetstopic.Commit && (r.Offset < 0 || deleted) || len(r.Group)+len(r.Topic) > len(key) {
			t.Errorf("got %+v", r)
		}
	})
}
