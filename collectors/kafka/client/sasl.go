package client

import (
	"errors"
	"fmt"

	"github.com/IBM/sarama"
	"github.com/xdg-go/scram"

	"github.com/lostorder/lostorder/internal/config"
)

// SASL holds the credentials of lostorder.
type SASL struct {
	Mechanism string        `yaml:"mechanism" enum:"PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER,AWS_MSK_IAM,GSSAPI" default:"PLAIN" doc:"The SASL mechanism."`
	Username  string        `yaml:"username" doc:"The user name, for PLAIN and SCRAM." example:"lostorder"`
	Password  config.Secret `yaml:"password" file:"true" doc:"The password, for PLAIN and SCRAM." example:"${KAFKA_PASSWORD}"`
	OAuth     *OAuth        `yaml:"oauthbearer" doc:"Where the token comes from, for OAUTHBEARER."`
	MSK       *MSK          `yaml:"aws_msk_iam" doc:"The AWS credentials, for AWS_MSK_IAM. It needs tls."`
	Kerberos  *Kerberos     `yaml:"gssapi" doc:"Kerberos, for GSSAPI."`
}

// Validate checks that the settings of the mechanism are there, and no others.
func (s *SASL) Validate() error {
	var errs []error
	if s.takesPassword() {
		if s.Username == "" {
			errs = append(errs, config.At("username", "missing; write for example username: lostorder"))
		}
		if s.Password == "" {
			errs = append(errs, config.At("password", "missing; write for example password: ${KAFKA_PASSWORD}"))
		}
	} else {
		for key, set := range map[string]bool{"username": s.Username != "", "password": s.Password != ""} {
			if set {
				errs = append(errs, config.At(key, "not used by %s; remove it", s.Mechanism))
			}
		}
	}
	return errors.Join(append(
		errs,
		s.wants(sarama.SASLTypeOAuth, "oauthbearer", s.OAuth != nil),
		s.wants(mskIAM, "aws_msk_iam", s.MSK != nil),
		s.wants(sarama.SASLTypeGSSAPI, "gssapi", s.Kerberos != nil),
	)...)
}

// wants reports a section that the mechanism needs and that is missing, or the reverse.
func (s *SASL) wants(mechanism, key string, set bool) error {
	switch needed := s.Mechanism == mechanism; {
	case needed && !set:
		return config.At(key, "missing; mechanism %s needs it", mechanism)
	case set && !needed:
		return config.At(key, "set without mechanism: %s", mechanism)
	}
	return nil
}

func (s *SASL) takesPassword() bool {
	switch s.Mechanism {
	case sarama.SASLTypePlaintext, sarama.SASLTypeSCRAMSHA256, sarama.SASLTypeSCRAMSHA512:
		return true
	}
	return false
}

// Principal is the name of lostorder in the broker's ACLs, as far as the config shows.
func (s *SASL) Principal() string {
	switch {
	case s.OAuth != nil:
		return s.OAuth.principal()
	case s.Kerberos != nil:
		return s.Kerberos.principal()
	}
	return s.Username
}

// Exposed describes what a network reads along when connections are not encrypted. SCRAM sends
// nothing that can be used again.
func (s *SASL) Exposed() string {
	switch s.Mechanism {
	case sarama.SASLTypePlaintext:
		return "password"
	case sarama.SASLTypeOAuth:
		return "token"
	}
	return ""
}

// apply gives the credentials to sarama.
func (s *SASL) apply(to *sarama.Config, d *dialer) {
	to.Net.SASL.Enable = true
	to.Net.SASL.User = s.Username
	to.Net.SASL.Password = s.Password.Reveal()
	to.Net.SASL.Mechanism = sarama.SASLMechanism(s.Mechanism)
	switch s.Mechanism {
	case sarama.SASLTypeSCRAMSHA256:
		to.Net.SASL.SCRAMClientGeneratorFunc = newSCRAM(scram.SHA256)
	case sarama.SASLTypeSCRAMSHA512:
		to.Net.SASL.SCRAMClientGeneratorFunc = newSCRAM(scram.SHA512)
	case sarama.SASLTypeOAuth:
		to.Net.SASL.TokenProvider = newTokens(s.OAuth, d)
	case mskIAM:
		to.Net.SASL.Mechanism = sarama.SASLTypeOAuth
		to.Net.SASL.TokenProvider = newTokens(s.MSK, d)
	case sarama.SASLTypeGSSAPI:
		s.Kerberos.apply(to)
	}
}

// refused reports whether an attempt to authenticate failed for a reason that holds for every
// broker.
func refused(err error) bool {
	var token *tokenError
	return errors.Is(err, sarama.ErrSASLAuthenticationFailed) || errors.As(err, &token)
}

// explainRefused says what to compare when the broker refuses the credentials.
func explainRefused(to *sarama.Config) error {
	if to.Net.SASL.Mechanism == sarama.SASLTypeGSSAPI {
		return errors.New("the broker refused the Kerberos ticket; check its keytab and principal, and the clocks")
	}
	if tokens, ok := to.Net.SASL.TokenProvider.(*tokens); ok {
		if _, iam := tokens.conf.(*MSK); iam {
			return errors.New("MSK refused the IAM credentials; allow kafka-cluster:Connect on the cluster, and check " + mskKey + ".region and the clock")
		}
		return fmt.Errorf("the broker refused the token%s; compare them with the broker's sasl.oauthbearer settings (expected issuer and audience, JWKS), and the clocks", tokens.claims())
	}
	return fmt.Errorf("SASL authentication failed for user %s; check username, password and mechanism in kafka[].sasl", to.Net.SASL.User)
}
