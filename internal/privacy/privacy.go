// Package privacy hashes the ids of orders where they must not be shown: in findings,
// the log, the API, the page and OTLP. It does so in one place, on the way from the
// sources to the decisions, so that nothing behind it knows an id.
package privacy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"

	"github.com/lostorder/lostorder/internal/config"
)

// sectionKey is the key of the config file.
const sectionKey = "privacy"

// Config is the section privacy.
type Config struct {
	OrderIDs string        `yaml:"order_ids" enum:"plain,hash" default:"plain" doc:"Whether the ids of orders, and the keys of outbox rows, are shown as they are or hashed. The same order has the same hash everywhere. Without the salt the hash does not reveal the order."`
	Salt     config.Secret `yaml:"salt" file:"true" doc:"The secret that is hashed together with the ids. Make it long and random, and the same for all replicas. The hash is HMAC-SHA256(salt, id), cut to 16 hex digits." example:"${ORDER_ID_SALT}"`
}

// shortest is the minimum length of a salt. Ids are short numbers, so an attacker who
// guesses the salt can hash all of them and compare.
const shortest = 16

// Validate checks that there is a salt where one is needed.
func (c *Config) Validate() error {
	if c.OrderIDs == "hash" && len(c.Salt.Reveal()) < shortest {
		return config.At("salt", "order ids are hashed with a salt of at least %d characters, because ids are easy to guess without one; set salt_file, for example to the output of: openssl rand -hex 32", shortest)
	}
	return nil
}

// Section is the section of the config file.
func Section() config.Section {
	return config.Single[Config](sectionKey, "What may be shown of orders. After a reload the ids of later readings are hashed. A restart after a change drops the ids of all earlier findings.")
}

// Veil hashes order ids. A nil Veil changes nothing.
type Veil struct {
	salt []byte
	seen map[string]bool // the ids of the report that is being hashed
}

// FromFile returns the veil that a config file asks for.
func FromFile(f *config.File) *Veil {
	for _, c := range config.Items[Config](f, sectionKey) {
		if c.OrderIDs == "hash" {
			return &Veil{salt: []byte(c.Salt.Reveal())}
		}
	}
	return nil
}

// ID returns what is shown of an id.
func (v *Veil) ID(id string) string {
	if v == nil || id == "" {
		return id
	}
	sum := hmac.New(sha256.New, v.salt)
	_, _ = sum.Write([]byte(id)) // a hash never fails to write
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// Fingerprint identifies how ids are shown and reveals nothing about the salt. It is empty
// where ids are shown as they are.
func (v *Veil) Fingerprint() string {
	if v == nil {
		return ""
	}
	return v.ID("\x00fingerprint")
}
