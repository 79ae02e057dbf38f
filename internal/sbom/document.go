package sbom

// The types are SPDX 2.3's, as far as a document of this package has their fields.

type document struct {
	Version       string         `json:"spdxVersion"`
	DataLicense   string         `json:"dataLicense"`
	ID            string         `json:"SPDXID"`
	Name          string         `json:"name"`
	Namespace     string         `json:"documentNamespace"`
	CreationInfo  creationInfo   `json:"creationInfo"`
	Comment       string         `json:"comment"`
	Describes     []string       `json:"documentDescribes"`
	Packages      []spdxPackage  `json:"packages"`
	Files         []file         `json:"files,omitempty"`
	Relationships []relationship `json:"relationships"`
}

type creationInfo struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
	Comment  string   `json:"comment"`
}

type spdxPackage struct {
	ID                   string            `json:"SPDXID"`
	Name                 string            `json:"name"`
	VersionInfo          string            `json:"versionInfo,omitempty"`
	DownloadLocation     string            `json:"downloadLocation"`
	FilesAnalyzed        bool              `json:"filesAnalyzed"`
	VerificationCode     *verificationCode `json:"packageVerificationCode,omitempty"`
	Checksums            []checksum        `json:"checksums,omitempty"`
	LicenseConcluded     string            `json:"licenseConcluded"`
	LicenseDeclared      string            `json:"licenseDeclared"`
	LicenseInfoFromFiles []string          `json:"licenseInfoFromFiles,omitempty"`
	CopyrightText        string            `json:"copyrightText"`
	Purpose              string            `json:"primaryPackagePurpose"`
	ExternalRefs         []externalRef     `json:"externalRefs,omitempty"`
	Comment              string            `json:"comment,omitempty"`
}

type verificationCode struct {
	Value string `json:"packageVerificationCodeValue"`
}

type externalRef struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type file struct {
	ID                 string     `json:"SPDXID"`
	Name               string     `json:"fileName"`
	Checksums          []checksum `json:"checksums"`
	LicenseConcluded   string     `json:"licenseConcluded"`
	LicenseInfoInFiles []string   `json:"licenseInfoInFiles"`
	CopyrightText      string     `json:"copyrightText"`
}

type checksum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"checksumValue"`
}

type relationship struct {
	From string `json:"spdxElementId"`
	Type string `json:"relationshipType"`
	To   string `json:"relatedSpdxElement"`
}
