package door

import (
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// Name is that of the file in the state directory.
const Name = "control.port"

var open, to = openPort, toPort

// keepToSelf lets the system, administrators and the user of this process at a file, and nobody else, whatever its
// directory says.
func keepToSelf(file *os.File) error {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return err
	}
	of, err := windows.SecurityDescriptorFromString(fmt.Sprintf("D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;%s)", user.User.Sid))
	if err != nil {
		return err
	}
	list, _, err := of.DACL()
	if err != nil {
		return err
	}
	return windows.SetNamedSecurityInfo(file.Name(), windows.SE_FILE_OBJECT,
		windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, list, nil)
}
