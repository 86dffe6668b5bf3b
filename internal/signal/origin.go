package signal

// Origin says whose data a database shows, and how far that data goes, so that what is
// remembered of one is not believed about another.
type Origin struct {
	// Name is that of the data, such as the system identifier of PostgreSQL, or of the server
	// that writes it. It is empty where the database has none.
	Name string
	// Schema is the part of it that is read, where a server has several; often empty.
	Schema string
	// Branch changes when a replica of the same data is promoted; often empty.
	Branch string
	// Position is how far the data of that name was written, 0 where it is unknown.
	Position int64
	// Written is how much of the writes of each server the data includes, by its name. A
	// replica that is promoted has those of its former source. 0 where it is unknown.
	Written map[string]int64
}

// Continuity is what became of a database since it was read before.
type Continuity string

// What may have become of it.
const (
	Continued Continuity = ""         // it is the same, or a replica of it that was promoted
	Rewound   Continuity = "rewound"  // it has lost writes: a backup was restored, or a replica that was behind was promoted
	Replaced  Continuity = "replaced" // it is the data of another database
)

// Since returns what became of a database that was another origin before. What neither shows
// is believed to be the same.
func (o Origin) Since(before Origin) Continuity {
	if o.Name == "" || before.Name == "" {
		return Continued
	}
	if o.Schema != before.Schema || o.Name != before.Name && !o.includes(before) {
		return Replaced
	}
	if o.Name == before.Name && behind(o.Position, before.Position) {
		return Rewound
	}
	for name, before := range before.Written {
		if now, included := o.Written[name]; len(o.Written) > 0 && !included || behind(now, before) {
			return Rewound
		}
	}
	return Continued
}

func behind(now, before int64) bool { return now > 0 && now < before }

// includes reports whether data holds writes of a server that another data was of.
func (o Origin) includes(before Origin) bool {
	if _, included := o.Written[before.Name]; included {
		return true
	}
	for name := range before.Written {
		if _, included := o.Written[name]; included {
			return true
		}
	}
	return false
}

// Lineage follows a database through its servers: a replica that takes the place of its
// source is the same database.
type Lineage struct {
	First string // the name that it had first
	Last  Origin // as it was read last
}

// Follow takes the next reading, and returns what became of the database.
func (l *Lineage) Follow(now Origin) Continuity {
	if now.Name == "" {
		return Continued
	}
	became := now.Since(l.Last)
	if l.First == "" || became == Replaced {
		l.First = now.Name
		if now.Schema != "" {
			l.First += "/" + now.Schema
		}
	}
	l.Last = now
	return became
}
