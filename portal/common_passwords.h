/* Common passwords of ten characters or more, folded. Shorter ones are refused for their length
 * anyway. */
#ifndef POSTSEAL_PORTAL_COMMON_PASSWORDS_H
#define POSTSEAL_PORTAL_COMMON_PASSWORDS_H

static const char *const common_passwords[] = {
	"0123456789",	       "01234567890",  "0987654321",   "1029384756",   "1111111111",
	"1122334455",	       "1212121212",   "1231231231",   "123123123123", "1234554321",
	"12345678910",	       "1234567890",   "1234567891",   "123456789a",   "123456789q",
	"1234qwerasdf",	       "12qwaszx12",   "147258369a",   "1q2w3e4r5t",   "1q2w3e4r5t6y",
	"1qaz2wsx3e",	       "1qaz2wsx3edc", "1qazxsw23edc", "aaaaaaaaaa",   "abcd123456",
	"abcde12345",	       "abcdefghij",   "abcdefghijk",  "adgjmptw12",   "administrator",
	"asdasdasdasd",	       "asdf123456",   "asdfasdfasdf", "asdfghjkl1",   "asdfghjkl;",
	"asdfghjklqwertyuiop", "azertyuiop",   "barcelona1",   "baseball123",  "bonjour123",
	"buongiorno",	       "butterfly1",   "changeme123",  "charlie123",   "chocolate1",
	"computer123",	       "dragon12345",  "facebook123",  "football123",  "fuckyou123",
	"geheim1234",	       "hallo12345",   "hello12345",   "helloworld",   "iloveyou123",
	"iloveyou12",	       "juventus123",  "klapaucius",   "letmein123",   "letmein1234",
	"liverpool1",	       "liverpool123", "manchester",   "michael123",   "minecraft1",
	"motdepasse",	       "motdepasse1",  "naruto1234",   "password00",   "password01",
	"password10",	       "password11",   "password12",   "password123",  "password1234",
	"password12345",       "password2024", "password2025", "password2026", "password!!",
	"password1!",	       "passw0rd123",  "passwort12",   "passwort123",  "passwort1234",
	"passwort1!",	       "pokemon123",   "princess123",  "qazwsxedc1",   "qazwsxedcrfv",
	"q1w2e3r4t5",	       "q1w2e3r4t5y6", "qwer1234qwer", "qwert12345",   "qwerty1234",
	"qwerty12345",	       "qwerty123456", "qwertyqwerty", "qwertyuiop",   "qwertyuiop1",
	"qwertzuiop",	       "qwertzuiop1",  "samsung123",   "schatz1234",   "secret1234",
	"secret12345",	       "soleil1234",   "spiderman1",   "starwars123",  "sunshine123",
	"superman123",	       "test123456",   "testtest123",  "unknown123",   "welcome123",
	"welcome1234",	       "whatever123",  "willkommen",   "willkommen1",  "zaq12wsxcde3",
	"zxcvbnm123",	       "zxcvbnm1234",  NULL,
};

#endif
