package offsetstopic_test

import (
	"slices"
	"testing"

	"github.com/lostorder/lostorder/collectors/kafka/offsetstopic"
)

// story is the records of group billing on partition 0 of orders, after commits up to 100.
type story struct {
	*offsetstopic.Follower
}

func newStory() story {
	return story{&offsetstopic.Follower{
		Watches: func(group, _ string) bool { return group == "billing" },
		Before:  func(offsetstopic.Position) int64 { return 100 },
	}}
}

func (s story) commit(offset int64, epoch int32) {
	s.Take(offsetstopic.Record{Kind: offsetstopic.Commit, Group: "billing", Topic: "orders", Offset: offset, Epoch: epoch, At: offset})
}

func (s story) on(partition int32, offset int64, epoch int32) {
	s.Take(offsetstopic.Record{Kind: offsetstopic.Commit, Group: "billing", Topic: "orders", Partition: partition, Offset: offset, Epoch: epoch, At: offset})
}

func (s story) transaction(offset int64) {
	s.Take(offsetstopic.Record{Kind: offsetstopic.Commit, Group: "billing", Topic: "orders", Offset: offset, Epoch: -1, Transactional: true})
}

func (s story) is(kind offsetstopic.Kind) {
	s.Take(offsetstopic.Record{Kind: kind, Group: "billing", Topic: map[bool]string{true: "orders"}[kind == offsetstopic.Removal]})
}

func (s story) poll(empty, managed, epochs bool) {
	s.Poll(map[string]offsetstopic.Polled{"billing": {Empty: empty, Managed: managed, Epochs: epochs}})
}

func TestMovesAreDecidedFromTheOffsetsTopic(t *testing.T) {
	at := func(from, to int64, by offsetstopic.By) offsetstopic.Move {
		return offsetstopic.Move{Position: offsetstopic.Position{Group: "billing", Topic: "orders"}, From: from, To: to, By: by, At: to}
	}
	for name, test := range map[string]struct {
		story func(s story)
		want  []offsetstopic.Move
	}{
		"the last member leaves, and somebody sets the offset forward": {
			func(s story) { s.commit(150, 3); s.is(offsetstopic.Emptied); s.commit(500, -1) },
			[]offsetstopic.Move{at(150, 500, offsetstopic.Outsider)},
		},
		"a group that was empty before lostorder started": {
			func(s story) { s.poll(true, true, true); s.commit(500, -1) },
			[]offsetstopic.Move{at(100, 500, offsetstopic.Outsider)},
		},
		"a KIP-848 group is empty one reading after its last member left": {
			func(s story) {
				s.is(offsetstopic.Joined)
				s.poll(true, true, true)
				s.poll(true, true, true)
				s.commit(500, -1)
			},
			[]offsetstopic.Move{at(100, 500, offsetstopic.Outsider)},
		},
		"deleted offsets are set anew by hand": {
			func(s story) { s.poll(true, true, true); s.is(offsetstopic.Removal); s.commit(500, -1) },
			[]offsetstopic.Move{at(100, 500, offsetstopic.Outsider)},
		},
		"the offset is removed, and a consumer resumes at the end": {
			func(s story) {
				s.poll(true, true, true)
				s.is(offsetstopic.Removal)
				s.is(offsetstopic.Joined)
				s.commit(500, -1)
				s.commit(500, -1)
				s.commit(501, 3)
			},
			[]offsetstopic.Move{at(100, 500, offsetstopic.Reset)},
		},
		"the same, and the first message arrives on another partition": {
			func(s story) {
				s.poll(true, true, true)
				s.is(offsetstopic.Removal)
				s.is(offsetstopic.Joined)
				s.commit(500, -1)
				s.on(1, 101, 3)
			},
			[]offsetstopic.Move{at(100, 500, offsetstopic.Reset)},
		},
		"unknown: the client received messages before its first commit": {
			func(s story) {
				s.poll(true, true, true)
				s.is(offsetstopic.Removal)
				s.is(offsetstopic.Joined)
				s.commit(500, 3)
			},
			[]offsetstopic.Move{at(100, 500, offsetstopic.Unclear)},
		},
		"unknown: the client sends no epochs": {
			func(s story) {
				s.poll(true, true, false)
				s.is(offsetstopic.Removal)
				s.is(offsetstopic.Joined)
				s.commit(500, -1)
			},
			[]offsetstopic.Move{at(100, 500, offsetstopic.Unclear)},
		},
		"unknown: the client sends no epochs any more": {
			func(s story) {
				s.poll(true, true, true)
				s.is(offsetstopic.Removal)
				s.is(offsetstopic.Joined)
				s.commit(500, -1)
				s.commit(510, -1)
				s.commit(520, 3)
			},
			[]offsetstopic.Move{at(100, 500, offsetstopic.Unclear)},
		},
		"benign: a member skips by seek and commits":        {func(s story) { s.poll(false, true, true); s.commit(500, -1) }, nil},
		"benign: a consumer joins, commits and leaves":      {func(s story) { s.poll(true, true, true); s.is(offsetstopic.Joined); s.commit(500, -1) }, nil},
		"benign: a group whose consumers never join":        {func(s story) { s.poll(false, false, true); s.commit(500, -1) }, nil},
		"benign: a consumer that assigns partitions itself": {func(s story) { s.is(offsetstopic.Emptied); s.commit(500, 3) }, nil},
		"benign: a reset backward":                          {func(s story) { s.is(offsetstopic.Emptied); s.commit(50, -1) }, nil},
		"benign: a reset of a group without backlog":        {func(s story) { s.commit(500, 3); s.is(offsetstopic.Emptied); s.commit(500, -1) }, nil},
		"benign: compaction repeats a removal": {
			func(s story) { s.poll(true, true, true); s.is(offsetstopic.Removal); s.is(offsetstopic.Removal) }, nil,
		},
		"benign: the consumer starts at the log start again": {
			func(s story) {
				s.poll(true, true, true)
				s.is(offsetstopic.Removal)
				s.is(offsetstopic.Joined)
				s.commit(20, -1)
				s.commit(40, 3)
				s.commit(500, 3)
			}, nil,
		},
		"unknown: offsets that are committed in transactions": {
			func(s story) { s.is(offsetstopic.Emptied); s.transaction(500); s.commit(900, -1) }, nil,
		},
		"unknown: the group was deleted, and somebody committed": {
			func(s story) {
				s.is(offsetstopic.Emptied)
				s.is(offsetstopic.Removal)
				s.is(offsetstopic.Dissolved)
				s.commit(500, -1)
			},
			[]offsetstopic.Move{at(100, 500, offsetstopic.Unclear)},
		},
		"unknown: records were missed": {func(s story) { s.is(offsetstopic.Emptied); s.Forget(); s.commit(500, -1) }, nil},
		"benign: the topic was deleted": {
			func(s story) {
				s.poll(true, true, true)
				s.is(offsetstopic.Removal)
				s.DropTopic("orders")
				s.is(offsetstopic.Joined)
				s.commit(500, -1)
				s.commit(501, 3)
			}, nil,
		},
		"benign: another group": {
			func(s story) {
				s.is(offsetstopic.Emptied)
				s.Take(offsetstopic.Record{Kind: offsetstopic.Commit, Group: "other", Topic: "orders", Offset: 500, Epoch: -1})
			}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory()
			test.story(s)
			if got := s.Moves(); !slices.Equal(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			if again := s.Moves(); len(again) > 0 {
				t.Errorf("returned again: %+v", again)
			}
		})
	}
}
