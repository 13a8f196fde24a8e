//! The credentials of a NATS server with accounts: an operator who has signed an account, whose
//! users have signed JWTs.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use nkeys::KeyPair;
use serde_json::{Value, json};

/// An operator with one account that may use JetStream.
pub struct NatsAccount {
    operator: KeyPair,
    account: KeyPair,
    /// JetStream needs it.
    system_account: KeyPair,
}

impl NatsAccount {
    pub fn new() -> Self {
        Self {
            operator: KeyPair::new_operator(),
            account: KeyPair::new_account(),
            system_account: KeyPair::new_account(),
        }
    }

    /// The lines in the configuration file of the server.
    pub fn configuration(&self) -> String {
        let (operator, account, system) = (&self.operator, &self.account, &self.system_account);
        let unlimited = json!({
            "subs": -1, "conn": -1, "leaf": -1, "imports": -1, "exports": -1, "data": -1,
            "payload": -1, "wildcards": true, "mem_storage": -1, "disk_storage": -1,
            "streams": -1, "consumer": -1,
        });
        let of_account = json!({ "type": "account", "version": 2, "limits": unlimited });
        let of_operator = json!({ "type": "operator", "version": 2 });
        let of_system = json!({ "type": "account", "version": 2 });
        let (account_id, system_id) = (account.public_key(), system.public_key());
        format!(
            "operator: \"{}\"\nsystem_account: {system_id}\nresolver: MEMORY\n\
             resolver_preload {{\n{account_id}: \"{}\"\n{system_id}: \"{}\"\n}}",
            jwt(operator, operator, &of_operator),
            jwt(account, operator, &of_account),
            jwt(system, operator, &of_system),
        )
    }

    /// The content of the credentials file of a new user, who may publish to and subscribe to these
    /// subjects.
    pub fn credentials(&self, publish: &str, subscribe: &str) -> String {
        let user = KeyPair::new_user();
        let claims = json!({
            "type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1,
            "pub": { "allow": [publish] }, "sub": { "allow": [subscribe] },
        });
        format!(
            "-----BEGIN NATS USER JWT-----\n{}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
            jwt(&user, &self.account, &claims),
            user.seed().expect("it is a new key"),
        )
    }
}

fn jwt(subject: &KeyPair, issuer: &KeyPair, claims: &Value) -> String {
    let header = json!({ "typ": "JWT", "alg": "ed25519-nkey" });
    let claims = json!({
        "jti": subject.public_key(),
        "iat": 1_700_000_000,
        "iss": issuer.public_key(),
        "sub": subject.public_key(),
        "name": "test",
        "nats": claims,
    });
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(&header), encode(&claims));
    let signature = issuer.sign(signed.as_bytes()).expect("it has a seed");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}
