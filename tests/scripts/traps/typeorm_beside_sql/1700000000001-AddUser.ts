export class AddUser1700000000001 {}
