package main

func (t *trial) tell() {
	if !t.home.old {
		t.documents("device")
	}
	t.documents("component")
}
