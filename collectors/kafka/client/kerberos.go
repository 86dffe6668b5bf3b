package client

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/IBM/sarama"
	"github.com/jcmturner/gokrb5/v8/credentials"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/krberror"

	"github.com/lostorder/lostorder/internal/config"
)

// kerberosKey is the place of the section in the config file, for errors.
const kerberosKey = "kafka[].sasl.gssapi"

// Kerberos is how lostorder proves who it is by tickets, for GSSAPI.
type Kerberos struct {
	Principal   string `yaml:"principal" doc:"The principal of the keytab, with its realm." example:"lostorder@EXAMPLE.COM"`
	KeytabFile  string `yaml:"keytab_file" doc:"A keytab that contains the principal's key. It is read again each time lostorder authenticates." example:"/etc/lostorder/lostorder.keytab"`
	CCacheFile  string `yaml:"ccache_file" doc:"A credential cache with a ticket that another program renews, instead of principal and keytab. It is read again each time lostorder authenticates." example:"/run/lostorder/krb5cc"`
	ServiceName string `yaml:"service_name" default:"kafka" doc:"The first part of the brokers' principals. Kafka calls it sasl.kerberos.service.name."`
	ConfigFile  string `yaml:"config_file" default:"/etc/krb5.conf" doc:"The Kerberos settings of this host: realms and their KDCs."`
}

// Validate checks that there is a keytab with its principal, or a credential cache.
func (k *Kerberos) Validate() error {
	switch {
	case k.KeytabFile != "" && k.CCacheFile != "":
		return config.At("ccache_file", "set together with keytab_file; remove one of them")
	case k.CCacheFile != "" && k.Principal != "":
		return config.At("principal", "not used with ccache_file, which contains it; remove it")
	case k.CCacheFile != "":
		return nil
	case k.KeytabFile == "":
		return config.At("keytab_file", "missing; name a keytab, or a ccache_file")
	}
	if name, realm, _ := strings.Cut(k.Principal, "@"); name == "" || realm == "" {
		return config.At("principal", "not a principal with its realm; write for example lostorder@EXAMPLE.COM")
	}
	return nil
}

// principal is the name that a broker makes of it by default.
func (k *Kerberos) principal() string {
	name, _, _ := strings.Cut(k.Principal, "@")
	name, _, _ = strings.Cut(name, "/")
	return name
}

func (k *Kerberos) apply(to *sarama.Config) {
	name, realm, _ := strings.Cut(k.Principal, "@")
	to.Net.SASL.GSSAPI = sarama.GSSAPIConfig{
		AuthType: sarama.KRB5_KEYTAB_AUTH, KeyTabPath: k.KeytabFile, Username: name, Realm: realm,
		KerberosConfigPath: k.ConfigFile, ServiceName: k.ServiceName,
		DisablePAFXFAST: true, // KDCs that know it do without, and others refuse it
	}
	if k.CCacheFile != "" {
		to.Net.SASL.GSSAPI.AuthType = sarama.KRB5_CCACHE_AUTH
		to.Net.SASL.GSSAPI.CCachePath = k.CCacheFile
		// sarama wants them, and does not use them.
		to.Net.SASL.GSSAPI.Username, to.Net.SASL.GSSAPI.Realm = ofTheCache, ofTheCache
	}
}

// ofTheCache stands for a name that is in the credential cache.
const ofTheCache = "of the credential cache"

// ticketFileError is a keytab or a credential cache that cannot be used.
type ticketFileError struct{ err error }

func (e *ticketFileError) Error() string { return e.err.Error() }
func (e *ticketFileError) Unwrap() error { return e.err }

// readable checks the file before sarama reads it: the library panics at a credential cache
// that ends too early, such as one that is being written.
func readable(g *sarama.GSSAPIConfig) (err error) {
	key, path := "keytab_file", g.KeyTabPath
	if g.AuthType == sarama.KRB5_CCACHE_AUTH {
		key, path = "ccache_file", g.CCachePath
	}
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("%s ends too early", path)
		}
		if err != nil {
			err = &ticketFileError{fmt.Errorf("read %s.%s: %w; is %s such a file, and whole?", kerberosKey, key, err, path)}
		}
	}()
	if g.AuthType == sarama.KRB5_CCACHE_AUTH {
		_, err = credentials.LoadCCache(path)
	} else {
		_, err = keytab.Load(path)
	}
	return err
}

// explainKerberos says what to do about an error on the way to a ticket; nil if it is none.
func explainKerberos(g *sarama.GSSAPIConfig, err error) error {
	var (
		file   *ticketFileError
		ticket krberror.Krberror
	)
	text := err.Error()
	has := func(code string) bool { return strings.Contains(text, code) }
	switch {
	case errors.As(err, &file):
		return file
	case has("configuration file could not be opened"), has("KDCs defined for realm"), has("no KDC"):
		return fmt.Errorf("no KDC of the realm is known: %s; check %s.config_file", bounded(text), kerberosKey)
	case has("KDC_ERR_S_PRINCIPAL_UNKNOWN"):
		return fmt.Errorf("the KDC does not know the broker's principal %s/HOST, with the host of the broker's address; check %s.service_name and the names that brokers advertise", g.ServiceName, kerberosKey)
	case has("KDC_ERR_C_PRINCIPAL_UNKNOWN"):
		return fmt.Errorf("the KDC does not know the principal %s@%s; check %s.principal", g.Username, g.Realm, kerberosKey)
	case has("KDC_ERR_PREAUTH_FAILED"), has("Decrypting_Error"), has("matching key not found"):
		return fmt.Errorf("the key in the keytab is not the principal's; write %s again, and check %s.principal", g.KeyTabPath, kerberosKey)
	case has("KRB_AP_ERR_SKEW"), has("clock skew"):
		return errors.New("the clocks of this host and of the KDC differ by more than Kerberos allows, usually five minutes; correct them")
	case has("KRB_AP_ERR_TKT_EXPIRED"), has("existing session"), has("TGT"), has("expired"):
		return fmt.Errorf("the ticket in %s is not valid any more; renew it with kinit", cmp.Or(g.CCachePath, g.KeyTabPath))
	case has("communicat"), has("error sending to a KDC"):
		return fmt.Errorf("no KDC of realm %s answers; check its addresses in %s.config_file, and the network", g.Realm, kerberosKey)
	case errors.As(err, &ticket):
		return fmt.Errorf("get a Kerberos ticket: %s; check %s", bounded(text), kerberosKey)
	}
	return nil
}

func bounded(text string) string { return text[:min(len(text), 300)] }
