package collectors

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"github.com/lostorder/lostorder/internal/config"
)

// TLS configures the encryption of connections to a target.
type TLS struct {
	CAFile             string `yaml:"ca_file" doc:"PEM file of the certificate authorities to trust. The default is the system's." example:"/etc/lostorder/ca.pem"`
	CertFile           string `yaml:"cert_file" doc:"PEM file of the client certificate." example:"/etc/lostorder/client.pem"`
	KeyFile            string `yaml:"key_file" doc:"PEM file of the client certificate's key." example:"/etc/lostorder/client-key.pem"`
	ServerName         string `yaml:"server_name" doc:"The name that the server's certificate must carry. The default is the host of the address." example:"broker.example.com"`
	InsecureSkipVerify bool   `yaml:"insecure_skip_verify" doc:"Accept any certificate. For tests only."`
}

// Validate checks that the certificate and its key come together.
func (t *TLS) Validate() error {
	switch {
	case t.CertFile != "" && t.KeyFile == "":
		return config.At("key_file", "missing; cert_file needs its key")
	case t.CertFile == "" && t.KeyFile != "":
		return config.At("cert_file", "missing; key_file needs its certificate")
	}
	return nil
}

// Client returns the settings of a connection. It reads the files each time, so that
// a renewed certificate is used from the next call on. key is the place of the
// section in the config file, for errors: "kafka[].tls". Without a section t is nil.
func (t *TLS) Client(key string) (*tls.Config, error) {
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if t == nil {
		return settings, nil
	}
	settings.ServerName, settings.InsecureSkipVerify = t.ServerName, t.InsecureSkipVerify
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read %s.ca_file: %w", key, err)
		}
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read %s.ca_file: no certificate in %s", key, t.CAFile)
		}
	}
	if t.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("read %s.cert_file and key_file: %w", key, err)
		}
		settings.Certificates = []tls.Certificate{pair}
	}
	return settings, nil
}
