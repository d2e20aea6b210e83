/*
 * What Bouncy Castle makes of S/MIME. Reads commands from standard input, one a line, words parted by tabs, so that
 * one start of the virtual machine is enough for many:
 *
 *   seal HOW FILE RESULT CERTIFICATE...    HOW: words of seal() below, joined by commas
 *   open FILE RESULT CERTIFICATE KEY       what is compressed inside comes out compressed
 *   sign HOW FILE RESULT CERTIFICATE KEY   HOW: opaque or detached
 *   verify FILE CONTENT ROOT               CONTENT: what is signed, or - if it is inside
 *
 * All structures are DER or BER, certificates and keys (PKCS #8) PEM. Prints a line for each command: "good", or why not.
 */
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FileReader;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cms.*;
import org.bouncycastle.cms.jcajce.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.operator.OutputAEADEncryptor;
import org.bouncycastle.operator.OutputEncryptor;
import org.bouncycastle.operator.jcajce.JcaAlgorithmParametersConverter;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.util.Store;

class Bouncy {
	static final Map<String, ASN1ObjectIdentifier> CIPHERS = Map.of(
		"aes128", CMSAlgorithm.AES128_CBC, "aes192", CMSAlgorithm.AES192_CBC, "aes256", CMSAlgorithm.AES256_CBC,
		"gcm128", CMSAlgorithm.AES128_GCM, "gcm256", CMSAlgorithm.AES256_GCM, "3des", CMSAlgorithm.DES_EDE3_CBC);

	static Object pem(String path) throws Exception {
		try (PEMParser parser = new PEMParser(new FileReader(path))) {
			return parser.readObject();
		}
	}

	static X509Certificate certificate(String path) throws Exception {
		return new JcaX509CertificateConverter().setProvider("BC").getCertificate((X509CertificateHolder) pem(path));
	}

	static PrivateKey key(String path) throws Exception {
		return new JcaPEMKeyConverter().setProvider("BC").getPrivateKey((PrivateKeyInfo) pem(path));
	}

	static RecipientInfoGenerator transport(X509Certificate to, List<String> how) throws Exception {
		byte[] identifier = new JcaX509ExtensionUtils().createSubjectKeyIdentifier(to.getPublicKey()).getKeyIdentifier();

		if (how.contains("oaep")) {
			var oaep = new JcaAlgorithmParametersConverter().getAlgorithmIdentifier(PKCSObjectIdentifiers.id_RSAES_OAEP,
				new javax.crypto.spec.OAEPParameterSpec("SHA-256", "MGF1", java.security.spec.MGF1ParameterSpec.SHA256,
					javax.crypto.spec.PSource.PSpecified.DEFAULT));
			return new JceKeyTransRecipientInfoGenerator(to, oaep).setProvider("BC");
		}
		return how.contains("keyid")
			? new JceKeyTransRecipientInfoGenerator(identifier, to.getPublicKey()).setProvider("BC")
			: new JceKeyTransRecipientInfoGenerator(to).setProvider("BC");
	}

	static RecipientInfoGenerator agreement(X509Certificate to, List<String> how) throws Exception {
		var pairs = java.security.KeyPairGenerator.getInstance("EC", "BC");
		boolean is_large = how.contains("sha384");

		pairs.initialize(((java.security.interfaces.ECPublicKey) to.getPublicKey()).getParams());
		var pair = pairs.generateKeyPair();
		return new JceKeyAgreeRecipientInfoGenerator(
			how.contains("sha1") ? CMSAlgorithm.ECDH_SHA1KDF : is_large ? CMSAlgorithm.ECDH_SHA384KDF : CMSAlgorithm.ECDH_SHA256KDF,
			pair.getPrivate(), pair.getPublic(), is_large ? CMSAlgorithm.AES256_WRAP : CMSAlgorithm.AES128_WRAP)
			.addRecipient(to).setProvider("BC");
	}

	static byte[] seal(List<String> how, byte[] content, List<String> paths) throws Exception {
		var generator = how.get(0).startsWith("gcm") ? new CMSAuthEnvelopedDataGenerator() : new CMSEnvelopedDataGenerator();
		CMSTypedData data = new CMSProcessableByteArray(content);
		OutputEncryptor cipher = new JceCMSContentEncryptorBuilder(CIPHERS.get(how.get(0))).setProvider("BC").build();

		for (String path : paths) {
			X509Certificate to = certificate(path);
			generator.addRecipientInfoGenerator(
				to.getPublicKey().getAlgorithm().equals("RSA") ? transport(to, how) : agreement(to, how));
		}
		if (generator instanceof CMSAuthEnvelopedDataGenerator)
			return ((CMSAuthEnvelopedDataGenerator) generator).generate(data, (OutputAEADEncryptor) cipher).getEncoded();
		if (!how.contains("stream"))
			return ((CMSEnvelopedDataGenerator) generator).generate(data, cipher).getEncoded();

		var streams = new CMSEnvelopedDataStreamGenerator();
		var result = new ByteArrayOutputStream();
		for (String path : paths)
			streams.addRecipientInfoGenerator(transport(certificate(path), how));
		try (var stream = streams.open(result, cipher)) {
			for (int i = 0; i < content.length; i += 7)
				stream.write(content, i, Math.min(7, content.length - i));
		}
		return result.toByteArray();
	}

	static byte[] open(byte[] sealed, X509Certificate mine, PrivateKey key) throws Exception {
		var type = ContentInfo.getInstance(sealed).getContentType();
		RecipientInformationStore readers = type.equals(PKCSObjectIdentifiers.id_ct_authEnvelopedData) ? new CMSAuthEnvelopedData(sealed).getRecipientInfos()
			: new CMSEnvelopedData(sealed).getRecipientInfos();

		for (RecipientInformation reader : readers.getRecipients())
			if (reader.getRID().match(new X509CertificateHolder(mine.getEncoded())))
				return reader.getContent(key.getAlgorithm().equals("RSA")
					? new JceKeyTransEnvelopedRecipient(key).setProvider("BC")
					: new JceKeyAgreeEnvelopedRecipient(key).setProvider("BC"));
		throw new CMSException("not for this certificate");
	}

	static byte[] sign(String how, byte[] content, X509Certificate mine, PrivateKey key) throws Exception {
		var generator = new CMSSignedDataGenerator();
		var digests = new JcaDigestCalculatorProviderBuilder().setProvider("BC").build();
		String name = "SHA256with" + (key.getAlgorithm().equals("RSA") ? "RSA" : "ECDSA");

		generator.addSignerInfoGenerator(new JcaSignerInfoGeneratorBuilder(digests)
			.build(new JcaContentSignerBuilder(name).setProvider("BC").build(key), mine));
		generator.addCertificate(new X509CertificateHolder(mine.getEncoded()));
		return generator.generate(new CMSProcessableByteArray(content), how.equals("opaque")).getEncoded();
	}

	static void verify(byte[] signature, byte[] content, X509Certificate root) throws Exception {
		CMSSignedData signed = content == null ? new CMSSignedData(signature)
			: new CMSSignedData(new CMSProcessableByteArray(content), signature);
		Store<X509CertificateHolder> certificates = signed.getCertificates();

		if (signed.getSignerInfos().size() != 1)
			throw new CMSException("not one signer");
		for (SignerInformation signer : signed.getSignerInfos()) {
			@SuppressWarnings("unchecked")
			X509CertificateHolder holder = (X509CertificateHolder) certificates.getMatches(signer.getSID()).iterator().next();
			X509Certificate theirs = new JcaX509CertificateConverter().setProvider("BC").getCertificate(holder);

			theirs.verify(root.getPublicKey(), "BC");
			if (!signer.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(theirs)))
				throw new CMSException("bad signature");
		}
	}

	static void run(String[] words) throws Exception {
		byte[] content = Files.readAllBytes(Path.of(words[0].equals("seal") || words[0].equals("sign") ? words[2] : words[1]));

		switch (words[0]) {
		case "seal":
			Files.write(Path.of(words[3]), seal(Arrays.asList(words[1].split(",")), content, Arrays.asList(words).subList(4, words.length)));
			break;
		case "open":
			Files.write(Path.of(words[2]), open(content, certificate(words[3]), key(words[4])));
			break;
		case "sign":
			Files.write(Path.of(words[3]), sign(words[1], content, certificate(words[4]), key(words[5])));
			break;
		default:
			verify(content, words[2].equals("-") ? null : Files.readAllBytes(Path.of(words[2])), certificate(words[3]));
		}
	}

	public static void main(String[] arguments) throws Exception {
		var lines = new BufferedReader(new InputStreamReader(System.in));

		Security.addProvider(new BouncyCastleProvider());
		for (String line; (line = lines.readLine()) != null;)
			try {
				run(line.split("\t"));
				System.out.println("good");
			} catch (Exception error) {
				System.out.println(error);
			}
	}
}
